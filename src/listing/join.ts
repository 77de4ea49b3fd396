import { asc, eq } from 'drizzle-orm';
import type { List } from '../catalogue/list.ts';
import type { Database } from '../db/open.ts';
import { scan, targetSetPart } from '../db/schema.ts';
import { type Targets, targetsIn } from '../targets/positions.ts';
import { rangeOf } from './ranges.ts';
import { coveredOf, type Scan } from './scans.ts';
import { recordVersions } from './versions.ts';

/** A part of a scan. `setId`: of targets that are not those of the whole scan. */
type Part = { scanId: number; setId?: number | undefined; lists: readonly List[] };

/** Takes part in a scan that another process began; null where it is over. */
export async function joinScan(
  db: Pick<Database, 'orm'>,
  { scanId, setId: own, lists }: Part,
  now: Date,
): Promise<Scan | null> {
  const [found] = await db.orm.select().from(scan).where(eq(scan.id, scanId));
  if (found === undefined || found.state !== 'running') return null;
  const setId = own ?? found.setId;
  const versions = await recordVersions(db.orm, lists, now);
  return {
    id: found.id,
    setId,
    targets: await targetsOfSet(db, setId),
    lists: versions,
    policy: found.policy,
    full: found.full,
    startedAt: found.startedAt,
    resumed: true,
    covered: await coveredOf(db.orm, { scanId, setId }, versions),
    release: async () => {},
  };
}

/** The targets of a stored set: their ranges only, however many they are. */
async function targetsOfSet(db: Pick<Database, 'orm'>, setId: number): Promise<Targets> {
  const rows = await db.orm
    .select()
    .from(targetSetPart)
    .where(eq(targetSetPart.setId, setId))
    .orderBy(asc(targetSetPart.ordinal));
  return targetsIn(rows.map(rangeOf));
}
