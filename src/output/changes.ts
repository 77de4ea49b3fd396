import type { List } from '../catalogue/list.ts';
import type { Paint } from './colour.ts';
import { plain } from './plain.ts';
import { nameOf } from './table.ts';

/** What a line about a change needs. `before`, `after`: codes; `added`, `removed`: labels. */
export type ShownChange = {
  at: string;
  kind: 'listed' | 'delisted' | 'recoded' | 'closed';
  target: string;
  list: string;
  before: readonly string[];
  after: readonly string[];
  added: readonly string[];
  removed: readonly string[];
  proven: boolean;
  endedBy: string | null;
  /** The removal request that it answers, in words. */
  removal?: { said: string } | null;
};

/** One line a change: `listed    192.0.2.7 on Example BL: 127.0.0.2 (SPAM)`. */
export function renderChange(change: ShownChange, lists: readonly List[], paint: Paint): string {
  const kind = change.kind.padEnd(9);
  const painted = change.kind === 'delisted' ? paint.good(kind) : change.kind === 'listed' ? paint.bold(kind) : kind;
  const proof = change.proven || change.kind === 'closed' ? '' : ' (unproven)';
  const followed = change.removal ? `, ${change.removal.said}` : '';
  return `${painted} ${change.target} on ${nameOf(lists, change.list)}${detail(change)}${proof}${followed}\n`;
}

function detail({ kind, before, after, added, removed, endedBy }: ShownChange): string {
  const labels = (some: readonly string[]): string => plain(some.join(', '));
  if (kind === 'listed') return `: ${after.join(' ')}${added.length > 0 ? ` (${labels(added)})` : ''}`;
  if (kind === 'delisted') return `: was ${before.join(' ')}`;
  if (kind === 'closed') return `: ${endedBy ?? 'no longer watched'}; this does not say that it was delisted`;
  const parts = [
    ...(added.length > 0 ? [`also ${labels(added)}`] : []),
    ...(removed.length > 0 ? [`no longer ${labels(removed)}`] : []),
  ];
  return `: ${before.join(' ')} became ${after.join(' ')}${parts.length > 0 ? ` (${parts.join('; ')})` : ''}`;
}
