import { onTestFinished } from 'vitest';
import type { List } from '../../src/catalogue/list.ts';
import { type Database, openDatabase } from '../../src/db/open.ts';
import type { ChangeRecord } from '../../src/listing/changes.ts';
import { changeHistory, listingHistory } from '../../src/listing/history.ts';
import { pointOf } from '../../src/listing/ranges.ts';
import { recordBatches } from '../../src/listing/record.ts';
import { finishScan, type Scan, startFullScan, startNamedScan } from '../../src/listing/scans.ts';
import type { Policy } from '../../src/listing/state.ts';
import type { Batch, Meaning, Result, Run, Verdict, Why } from '../../src/scan/verdict.ts';
import type { TargetRange } from '../../src/target.ts';
import { testDatabase } from '../database.ts';

/** A database of the test's own, closed with it. */
export async function openWorld(): Promise<Database> {
  const db = await openDatabase(await testDatabase());
  onTestFinished(() => db.close());
  return db;
}

export const policy: Policy = { listed: 1, delisted: 2, spacing: 300_000 };

/** Minutes after the start of the story. */
export const minute = (at: number): Date => new Date(Date.parse('2026-11-01T00:00:00Z') + at * 60_000);
export const hour = 60;

/** `from`, or from `from` to `to`; or a domain. */
export function range(from: string, to = from): TargetRange {
  const [lo, hi] = [pointOf(from), pointOf(to)];
  if (lo.kind === 'domain' || lo.value === null || hi.value === null)
    return { kind: 'domain', lo: null, hi: null, domain: from };
  return { kind: lo.kind, lo: lo.value, hi: hi.value, domain: null };
}

export function list(id: string, more: Partial<List> = {}): List {
  return {
    id,
    name: id,
    operator: id,
    zone: `${id}.example`,
    accepts: ['ipv4'],
    asks: 'as-given',
    polarity: 'block',
    codes: {
      '127.0.0.2': { label: 'SPAM', severity: 'high' },
      '127.0.0.3': { label: 'BOT', severity: 'high' },
    },
    control: {},
    servers: [],
    limits: null,
    impact: 'high',
    retired: null,
    contains: [],
    formerly: [],
    tags: [],
    scope: 'address',
    access: {},
    delisting: {},
    confidence: 'high',
    checked: null,
    website: null,
    sources: [],
    ...more,
  };
}

/** What a target is found to be: codes of a listing, clean or not proven so, or why it is unknown. */
export type Found = string[] | 'clean' | 'unproven' | Why;

/** The batch of a scan over all positions (or these), at a time in minutes; what is not named is clean. */
export function batchOf(
  scan: Scan,
  listId: string,
  at: number,
  found: Record<string, Found> = {},
  { posFrom = 0, posTo = scan.targets.size }: { posFrom?: number; posTo?: number } = {},
): Batch {
  const results: Result[] = [];
  const runs: Run[] = [];
  for (let position = posFrom; position < posTo; position += 1) {
    const { kind, text } = scan.targets.at(position);
    if (!scan.lists.get(listId)?.list.accepts.includes(kind)) continue;
    const one = found[text] ?? 'clean';
    const verdict = verdictOf(one);
    const ofItsOwn = verdict.kind === 'listed' || (verdict.kind === 'unknown' && !verdict.why.startsWith('list-'));
    if (ofItsOwn) results.push(resultOf(position, text, listId, at, one));
    else join(runs, { posFrom: position, posTo: position + 1, kind, verdict, proven: one === 'clean' });
  }
  const size = posTo - posFrom;
  return {
    list: listId,
    posFrom,
    posTo,
    results,
    runs,
    traces: {
      server: new Uint8Array(size),
      after: new Uint32Array(size).fill(1000),
      ttl: new Int32Array(size).fill(300),
      rcode: new Uint8Array(size).fill(3),
    },
    firstAt: minute(at),
    lastAt: new Date(minute(at).getTime() + 2000),
    path: 'servers',
    server: '127.0.0.1:53',
    servers: ['127.0.0.1:53'],
    proof: 'proven',
    why: null,
    controls: [{ name: `2.0.0.127.${listId}.example`, role: 'listed', answered: '127.0.0.2', at: minute(at) }],
  };
}

function join(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  const same = JSON.stringify([last?.kind, last?.verdict, last?.proven, last?.posTo]);
  if (last !== undefined && same === JSON.stringify([run.kind, run.verdict, run.proven, run.posFrom]))
    last.posTo = run.posTo;
  else runs.push(run);
}

function resultOf(position: number, target: string, listId: string, at: number, found: Found): Result {
  const verdict = verdictOf(found);
  return {
    position,
    target,
    list: listId,
    verdict,
    proven: Array.isArray(found),
    reasonAt: Array.isArray(found) ? minute(at) : null,
    reason: Array.isArray(found) ? `see https://${listId}.example/${target}` : null,
    ttl: 300,
    path: 'servers',
    server: '127.0.0.1:53',
    asked: `${target}.${listId}.example`,
    rcode: Array.isArray(found) ? 'NOERROR' : null,
    addresses: Array.isArray(found) ? found : [],
    at: new Date(minute(at).getTime() + 1000),
  };
}

const labels: Record<string, string> = { '127.0.0.2': 'SPAM', '127.0.0.3': 'BOT' };

function verdictOf(found: Found): Verdict {
  if (found === 'clean' || found === 'unproven') return { kind: 'clean' };
  if (!Array.isArray(found)) return { kind: 'unknown', why: found, detail: null, codes: [] };
  const meanings = found.map(
    (code): Meaning => ({ code, label: labels[code] ?? code, meaning: '', severity: 'high', polarity: 'block' }),
  );
  return { kind: 'listed', codes: found, meanings };
}

export async function fullScan(db: Database, lists: List[], at: number): Promise<Scan> {
  const started = await startFullScan(db, { kind: 'manual', lists, policy, now: minute(at) });
  if (!('id' in started)) throw new Error(`no scan: ${JSON.stringify(started)}`);
  return started;
}

export function namedScan(db: Database, targets: TargetRange[], lists: List[], at: number): Promise<Scan> {
  return startNamedScan(db, targets, { kind: 'manual', lists, policy, now: minute(at) });
}

/** A whole full scan: what each list finds, the rest clean. */
export async function scanAll(
  db: Database,
  lists: List[],
  at: number,
  found: Record<string, Record<string, Found>> = {},
): Promise<ChangeRecord[]> {
  const scan = await fullScan(db, lists, at);
  const changes: ChangeRecord[] = [];
  for (const { id } of lists) changes.push(...(await recordBatch(db, scan, batchOf(scan, id, at, found[id]))));
  await finishScan(db, scan, minute(at + 1));
  await scan.release();
  return changes;
}

/** All that is known, without the ids: those of incidents by the order in which their listings come. */
export async function knownIn(db: Database): Promise<Record<'listings' | 'changes' | 'pending', unknown[]>> {
  const order = (one: { list: string; target: string; since: string }): string =>
    `${one.list} ${one.target} ${one.since}`;
  const listings = (await listingHistory(db, {})).sort((one, other) => (order(one) < order(other) ? -1 : 1));
  const incidents = [...new Set(listings.map(({ incident }) => incident))];
  return {
    listings: listings.map(({ id: _, incident, ...rest }) => ({ ...rest, incident: incidents.indexOf(incident) })),
    changes: (await changeHistory(db, { evidence: true })).map(({ id: _, ...rest }) => rest),
    pending: [
      ...(await db.sql`
        select target, list_id, kind, run, daily, codes, evidence from pending order by target, list_id`),
    ],
  };
}

/** Records one batch in a transaction of its own. */
export async function recordBatch(db: Database, scan: Scan, batch: Batch): Promise<ChangeRecord[]> {
  const changes: ChangeRecord[] = [];
  for await (const some of recordBatches(db, scan, [batch])) changes.push(...some);
  return changes;
}

/** A change in short: `listed 192.0.2.1 a`. */
export const short = ({ kind, target, list: of }: ChangeRecord): string => `${kind} ${target} ${of}`;
