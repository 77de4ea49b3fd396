import { sql } from 'drizzle-orm';
import { chunks, rowsOf } from '../db/rows.ts';
import type { ChangeKind, EndedBy } from '../db/schema.ts';
import type { Transaction } from './locks.ts';
import type { Evidence, ListedCode } from './state.ts';

/** A change as the JSON contract has it; `before` and `after` are codes, `added` and `removed` labels. */
export type ChangeRecord = {
  id: number;
  at: string;
  kind: ChangeKind;
  target: string;
  list: string;
  before: string[];
  after: string[];
  added: string[];
  removed: string[];
  proven: boolean;
  endedBy: EndedBy | null;
  evidence: Evidence[];
};

/** A change to be stored; its id says the order. */
export type NewChange = Omit<ChangeRecord, 'id'> & { listingId: number; scanId: number | null };

export const codesOf = (codes: readonly ListedCode[]): string[] => [...new Set(codes.map(({ code }) => code))];

export const labelsOf = (codes: readonly ListedCode[]): string[] => [...new Set(codes.map(({ label }) => label))];

/** Stores changes with their evidence, in this order; no listing has two of them. */
export async function insertChanges(tx: Transaction, changes: readonly NewChange[]): Promise<ChangeRecord[]> {
  const stored: ChangeRecord[] = [];
  for (const some of chunks(changes)) {
    const made = await tx.execute<{ id: string; listing: string }>(sql`
      insert into change (at, kind, listing_id, scan_id, "before", "after", added, removed, proven, ended_by)
      select at, kind, "listingId", "scanId", "before", "after", added, removed, proven, "endedBy"
      from ${rowsOf(some, {
        at: 'timestamptz',
        kind: 'text',
        listingId: 'bigint',
        scanId: 'bigint',
        before: 'text[]',
        after: 'text[]',
        added: 'text[]',
        removed: 'text[]',
        proven: 'boolean',
        endedBy: 'text',
      })}
      returning id, listing_id as listing`);
    const idOf = new Map(made.map(({ id, listing }) => [Number(listing), Number(id)]));
    const fresh = some.map(({ listingId, scanId: _, ...one }) => {
      const id = idOf.get(listingId);
      if (id === undefined) throw new Error(`no change of listing ${listingId}`);
      return { id, ...one };
    });
    await insertEvidence(tx, fresh);
    stored.push(...fresh);
  }
  return stored;
}

/** The controls of a batch are evidence of each of its changes, and most of what there is to write: they are stored once. */
async function insertEvidence(tx: Transaction, changes: readonly ChangeRecord[]): Promise<void> {
  /** Nearly all changes share one array, and what waited in the database has copies. */
  const texts = new Map<Evidence['controls'], string>();
  const places = new Map<string, number>();
  const placeOf = (controls: Evidence['controls']): number => {
    const text = texts.get(controls) ?? JSON.stringify(controls);
    texts.set(controls, text);
    const place = places.get(text) ?? places.size + 1;
    places.set(text, place);
    return place;
  };
  const rows = changes.flatMap(({ id, evidence }) =>
    evidence.map(({ controls, ...found }, ordinal) => ({ change: id, ordinal, found, place: placeOf(controls) })),
  );
  if (rows.length === 0) return;
  await tx.execute(sql`
    with asked as (
      select place, reports::jsonb, nextval(pg_get_serial_sequence('controls', 'id')) as id
      from unnest(${sql.param([...places.keys()])}::text[]) with ordinality as u(reports, place)),
    stored as (insert into controls (id, reports) select id, reports from asked)
    insert into evidence (change_id, ordinal, found, controls_id)
    select t.change, t.ordinal, t.found, asked.id
    from ${rowsOf(rows, { change: 'bigint', ordinal: 'int', found: 'jsonb', place: 'bigint' })}
    join asked using (place)`);
}
