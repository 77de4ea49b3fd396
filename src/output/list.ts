import type { List } from '../catalogue/list.ts';
import { columns } from './columns.ts';
import { plain } from './plain.ts';

/** What `lists` says of a list at a glance. */
export type ListState = 'default' | 'optional' | 'needs a key' | 'retired';

export type ListedList = { list: List; state: ListState };

export function renderLists(lists: readonly ListedList[]): string {
  const rows = lists.map(({ list, state }) => [
    list.id,
    list.accepts.join(' '),
    list.polarity,
    list.impact,
    state,
    list.zone,
  ]);
  return columns([['LIST', 'HOLDS', 'POLARITY', 'IMPACT', 'STATE', 'ZONE'], ...rows]);
}

/** Everything the catalogue says of one list. */
export function renderList({ list, state }: ListedList): string {
  const { delisting, retired, access, limits } = list;
  const facts: [string, string | undefined | null][] = [
    ['operator', list.operator],
    ['zone', list.zone],
    ['holds', `${list.accepts.join(', ')}${list.scope === 'address' ? '' : ` (scope: ${list.scope})`}`],
    ['polarity', `${list.polarity}, impact ${list.impact}, confidence ${list.confidence}`],
    ['state', state],
    [
      'retired',
      retired === null ? null : `${retired.since === undefined ? '' : `since ${retired.since}: `}${retired.why}`,
    ],
    ['answers', retired?.answers],
    ['registration', access.registration],
    ['resolvers', access.publicResolversRefused === true ? 'public resolvers are refused' : null],
    ['access', access.note],
    ['limits', limits === null ? null : limitsText(limits)],
    ['contains', list.contains.join(', ')],
    ['formerly', list.formerly.join(', ')],
    ['tags', list.tags.join(', ')],
    ['leave by', [delisting.method, delisting.by, delisting.cost].filter((fact) => fact !== undefined).join(', ')],
    ['removal', delisting.url],
    ['warning', delisting.warning],
    ['website', list.website],
    ['checked', list.checked],
  ];
  const rows = facts.flatMap(([name, value]) => (value ? [[`  ${name}`, plain(value)]] : []));
  const codes = Object.entries(list.codes).map(([code, { label, meaning, severity, error }]) => [
    `  ${code}`,
    plain(label),
    error === undefined ? (severity ?? '') : 'refusal',
    plain(meaning ?? ''),
  ]);
  return `${plain(list.name)} (${list.id})\n${columns(rows)}${codes.length > 0 ? `  codes\n${columns(codes.map((row) => [`  ${row[0]}`, ...row.slice(1)]))}` : ''}`;
}

function limitsText(limits: NonNullable<List['limits']>): string {
  if (limits === 'none') return 'none';
  const parts = [
    limits.perSecond === undefined ? null : `${limits.perSecond} a second`,
    limits.perDay === undefined ? null : `${limits.perDay} a day`,
  ];
  return parts.filter((part) => part !== null).join(', ');
}
