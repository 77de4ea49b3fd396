import { UserError } from '../errors.ts';
import { explainReply } from '../explain/reply.ts';
import { renderExplanation } from '../output/explain.ts';
import { type CommonOptions, formatOf, settingsOf } from './options.ts';
import type { World } from './world.ts';

/** Says what an SMTP refusal means: which list or provider it quotes, and what to do. */
export async function explain(words: string[], options: CommonOptions, world: World): Promise<void> {
  const format = formatOf(options.format, ['table', 'json'] as const);
  const settings = await settingsOf(options, world);
  const given = words.length === 1 && words[0] === '-' ? await world.input() : words.join(' ');
  if (given.trim() === '') throw new UserError('explain: expected the text of a reply, or - for standard input');
  const explanation = explainReply(given, settings.catalogue);
  if (format === 'json') return world.out(`${JSON.stringify({ version: 1, ...explanation }, null, 2)}\n`);
  world.out(renderExplanation(explanation, settings.paint));
}
