import { eq, type SQL, sql } from 'drizzle-orm';
import { chunks, rowsOf } from '../db/rows.ts';
import { pending } from '../db/schema.ts';
import type { Handle, Transaction } from './locks.ts';
import type { Pending } from './state.ts';

/** Changes of a list that wait for more verdicts, by target. */
export async function waitingOn(db: Handle, list: string, where: SQL | undefined): Promise<Map<string, Pending>> {
  const rows = await db
    .select({
      target: pending.target,
      kind: pending.kind,
      run: pending.run,
      daily: pending.daily,
      codes: pending.codes,
      evidence: pending.evidence,
    })
    .from(pending)
    .where(sql`${eq(pending.listId, list)} and ${where ?? sql`true`}`);
  return new Map(rows.map(({ target, ...waiting }) => [target, waiting]));
}

/** What waits from now on; null: nothing any more. */
export type NowWaiting = { target: string; pending: Pending | null };

export async function storeWaiting(tx: Transaction, list: string, now: readonly NowWaiting[]): Promise<void> {
  const over = now.flatMap(({ target, pending: waits }) => (waits === null ? [target] : []));
  if (over.length > 0)
    await tx.execute(sql`delete from pending where list_id = ${list} and target = any(${sql.param(over)}::text[])`);
  const rows = now.flatMap(({ target, pending: waits }) => (waits === null ? [] : [{ target, ...waits }]));
  for (const some of chunks(rows))
    await tx.execute(sql`
      insert into pending (target, list_id, kind, run, daily, codes, evidence)
      select target, ${list}, kind, run, daily, codes, evidence
      from ${rowsOf(some, { target: 'text', kind: 'text', run: 'jsonb', daily: 'jsonb', codes: 'jsonb', evidence: 'jsonb' })}
      on conflict (target, list_id) do update set kind = excluded.kind, run = excluded.run, daily = excluded.daily,
        codes = excluded.codes, evidence = excluded.evidence`);
}
