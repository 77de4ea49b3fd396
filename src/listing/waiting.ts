import { sql } from 'drizzle-orm';
import { chunks, rowsOf } from '../db/rows.ts';
import { type Bounds, rowsWithin } from './extent.ts';
import type { Handle, Transaction } from './locks.ts';
import type { Pending } from './state.ts';

/** A change of a target on a list that waits for more verdicts. */
export type Waiting = { list: string; target: string; pending: Pending };

export async function waitingWithin(db: Handle, bounds: readonly Bounds[]): Promise<Waiting[]> {
  const rows = await db.execute<Pending & { list: string; target: string }>(sql`
    select list_id as list, target, kind, run, daily, codes, evidence from ${rowsWithin('pending', bounds, sql`true`)}`);
  return rows.map(({ list, target, ...pending }) => ({ list, target, pending }));
}

/** What waits from now on; null: nothing any more. */
export type NowWaiting = Omit<Waiting, 'pending'> & { pending: Pending | null };

export async function storeWaiting(tx: Transaction, now: readonly NowWaiting[]): Promise<void> {
  const over = now.filter(({ pending: waits }) => waits === null);
  for (const some of chunks(over))
    await tx.execute(sql`
      delete from pending using ${rowsOf(some, { target: 'text', list: 'text' })}
      where pending.target = t.target and pending.list_id = t.list`);
  const rows = now.flatMap(({ list, target, pending: waits }) => (waits === null ? [] : [{ list, target, ...waits }]));
  for (const some of chunks(rows))
    await tx.execute(sql`
      insert into pending (target, list_id, kind, run, daily, codes, evidence)
      select target, list, kind, run, daily, codes, evidence
      from ${rowsOf(some, {
        target: 'text',
        list: 'text',
        kind: 'text',
        run: 'jsonb',
        daily: 'jsonb',
        codes: 'jsonb',
        evidence: 'jsonb',
      })}
      on conflict (target, list_id) do update set kind = excluded.kind, run = excluded.run, daily = excluded.daily,
        codes = excluded.codes, evidence = excluded.evidence`);
}
