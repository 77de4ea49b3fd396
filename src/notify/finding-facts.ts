import type { Handle } from '../listing/locks.ts';
import { watchedChanges } from '../posture/record.ts';
import type { FullChange } from '../posture/timeline.ts';
import type { FindingFacts } from './notice.ts';
import { type Owner, ownersOf } from './owners.ts';

/** What audits found that people are told of: what stands, and what changed since then, the oldest first. */
export async function readFindings(db: Handle, since: Date, now: Date): Promise<FindingFacts[]> {
  const changes = await watchedChanges(db, since, now);
  const ownerOf = await ownersOf(
    db,
    changes.map(({ target }) => target),
  );
  return changes.map((change) => findingFacts(change, ownerOf(change.target)));
}

function findingFacts({ found, seenAt: _, ...change }: FullChange, { label, tags }: Owner): FindingFacts {
  return { ...change, label, tags, fix: found.fix?.say ?? null, ends: endOf(found.evidence) };
}

/** `valid: 2026-01-01T00:00:00.000Z to 2026-04-01T00:00:00.000Z`, as the check of a certificate has it. */
function endOf(evidence: readonly string[]): string | null {
  const [end] = evidence.flatMap((line) => /^valid: \S+ to (\S+)$/.exec(line)?.[1] ?? []);
  return end ?? null;
}
