import { withoutPassword } from '../db/failure.ts';
import type { HistoryFilter } from '../listing/history.ts';
import { contains, pointOf } from '../listing/ranges.ts';
import { renderFindingHistory, renderFindings } from '../output/audit.ts';
import { everyFinding } from '../posture/record.ts';
import type { FindingChange } from '../posture/timeline.ts';
import { withDatabase } from './database.ts';
import { formatOf, type Settings } from './options.ts';
import { say } from './say.ts';
import type { World } from './world.ts';

type Filter = Pick<HistoryFilter, 'targets' | 'since' | 'until' | 'open'> & { changes: boolean };

/** The intervals in which findings were as they were, or their changes; `open`: what stands and is not in order. */
export async function showFindings(
  filter: Filter,
  given: string | undefined,
  settings: Settings,
  world: World,
): Promise<void> {
  const format = formatOf(given, ['table', 'json', 'ndjson'] as const);
  await withDatabase(settings.database, async (db) => {
    const found = (await everyFinding(db)).filter((one) => isWanted(one, filter));
    if (format === 'json') return world.out(`${JSON.stringify(found, null, 2)}\n`);
    if (format === 'ndjson') return world.out(found.map((one) => `${JSON.stringify(one)}\n`).join(''));
    if (found.length === 0)
      return world.err(`No findings of audits that fit are recorded in ${withoutPassword(settings.database)}.\n`);
    say(world, (filter.changes ? renderFindingHistory : renderFindings)(found, settings.paint));
  });
}

function isWanted(one: FindingChange, { targets, since, until, open, changes }: Filter): boolean {
  const [address = ''] = one.subject.split(' ');
  const about = [one.target, address].map(pointOf);
  if (targets !== undefined && !targets.some((range) => about.some((point) => contains(range, point)))) return false;
  if (since !== undefined && (changes ? one.since : (one.until ?? one.seenAt)) < since.toISOString()) return false;
  if (until !== undefined && one.since > until.toISOString()) return false;
  if (changes && one.before === null) return false;
  return open !== true || (one.until === null && (one.outcome === 'fail' || one.outcome === 'warn'));
}
