import type { Explanation } from '../explain/reply.ts';
import type { Paint } from './colour.ts';
import { plain } from './plain.ts';

/** What a refusal means, for people: what it is, who is meant, what to do next. */
export function renderExplanation(found: Explanation, paint: Paint): string {
  const { code, status, temporary, meaning, cause, address, lists, provider, checks, todo, direction } = found;
  const reply = [code, status].filter((part) => part !== null).join(' ');
  const lasting =
    temporary === null ? '' : temporary ? 'temporary: your server tries again' : 'final: the message was not delivered';
  const rows: [string, string][] = [
    ['Means', `${paint.bold(meaning)} (${cause})`],
    ...(direction === 'inbound'
      ? [
          ['Whose', 'your own server refuses somebody else here: nothing is wrong with your address'] as [
            string,
            string,
          ],
        ]
      : []),
    ...(reply === '' ? [] : [['Reply', `${reply}, ${lasting}`] as [string, string]]),
    ...(address === null ? [] : [['Address', address] as [string, string]]),
    ...lists.map(({ id, name, label, retired, page }): [string, string] => [
      'List',
      `${name}${label === null ? '' : ` (${label})`}${id === null ? ': cannot be asked by DNS' : ` (${id})`}${retired ? ': it is dead, and should not be asked any more: tell the receiver' : ''}${page === null ? '' : `, ${page}`}`,
    ]),
    ...(provider === null
      ? []
      : [['Receiver', `${provider.name}${provider.page === null ? '' : `, ${provider.page}`}`] as [string, string]]),
    ...(checks.length === 0 ? [] : [['Looks at', checks.join(', ')] as [string, string]]),
    ...(provider?.steps ?? []).map((step): [string, string] => ['With them', step]),
    ...todo.map((step): [string, string] => ['Do', step]),
  ];
  return rows.map(([name, text]) => `${`${name}:`.padEnd(11)}${plain(text, 400)}\n`).join('');
}
