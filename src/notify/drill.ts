import { plain } from '../output/plain.ts';
import type { Why } from '../scan/verdict.ts';
import type { Section } from './doc.ts';
import type { Message } from './outbox.ts';
import type { Reader } from './reader.ts';

/** What a list said of the test entry. */
export type Drilled = { listName: string; kind: 'listed' | 'absent' | 'unknown'; says: string; why: Why | null };

export function drillMessage(drilled: readonly Drilled[], { language, say }: Reader): Message {
  const sections = (['listed', 'absent', 'unknown'] as const).flatMap((kind): Section[] => {
    const own = drilled.filter((one) => one.kind === kind);
    if (own.length === 0) return [];
    const entries = own.map(({ listName, says, why }) => {
      const text = why === null ? says : say(`why.${why}`);
      return { head: [{ bold: plain(listName, 60) }, text === '' ? '' : `: ${plain(text)}`], details: [] };
    });
    return [{ title: say(`drill.${kind}`), tone: kind === 'unknown' ? 'warn' : 'plain', entries, rest: 0 }];
  });
  const count = drilled.filter(({ kind }) => kind === 'listed').length;
  const title = say('drill.title', { count });
  return {
    ...{ kind: 'drill', tone: 'plain', threads: [], data: { results: drilled } },
    doc: { language, title, summary: [[say('drill.summary')]], sections, footer: [] },
  };
}
