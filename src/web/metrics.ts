import type { Sql } from 'postgres';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { List } from '../catalogue/list.ts';
import type { Page } from './server.ts';

/** What the metrics are taken from; read at every scrape, so any process of several tells the same. */
export type Measured = {
  sql: Sql;
  /** Those that are asked. */
  lists: readonly List[];
  /** A metric for each listed target as well. */
  targets: boolean;
  now(): Date;
};

type Row = Record<string, string>;

/** A page in Prometheus' text format. No metric bears an account key, and none an address unless asked for. */
export function createMetrics(measured: Measured): () => Promise<Page> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'dnsblwatch_' });
  const gauge = (name: string, help: string, labelNames: string[], read: () => PromiseLike<readonly Row[]>): void => {
    new Gauge({
      name: `dnsblwatch_${name}`,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const rows = await read();
        this.reset();
        for (const { value, ...labels } of rows) this.set(labels, Number(value));
      },
    });
  };
  addState(gauge, measured);
  addSight(gauge, measured);
  addWork(gauge, measured);
  return async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() });
}

type Add = (name: string, help: string, labelNames: string[], read: () => PromiseLike<readonly Row[]>) => void;

function addState(add: Add, { sql, lists, targets }: Measured): void {
  add(
    'targets',
    'Targets that are tracked.',
    ['kind'],
    () => sql<Row[]>`
      select kind, sum(case when kind = 'domain' then 1 else hi - lo + 1 end) as value
      from target_range where tracked_to is null group by kind`,
  );
  add('listings_open', 'Open listings by list; 0 for a list that is asked and lists nothing.', ['list'], async () => {
    const open = await sql<Row[]>`
      select list_id as list, count(*) as value from listing where until is null group by list_id`;
    const quiet = lists.filter(({ id, retired }) => retired === null && !open.some(({ list }) => list === id));
    return [...open, ...quiet.map(({ id }) => ({ list: id, value: '0' }))];
  });
  if (targets)
    add(
      'listed',
      'An open listing of a target.',
      ['target', 'list'],
      () => sql<Row[]>`select target, list_id as list, 1 as value from listing where until is null`,
    );
  add(
    'changes',
    'Changes recorded so far.',
    ['kind'],
    () => sql<Row[]>`select kind, count(*) as value from change group by kind`,
  );
}

function addSight(add: Add, { sql, lists }: Measured): void {
  add('list_proven_timestamp_seconds', 'When a list last answered between good controls.', ['list'], async () => {
    const ids = lists.map(({ id }) => id);
    return await sql<Row[]>`
      select list_id as list, extract(epoch from max(last_at)) as value from coverage
      where proof = 'proven' and list_id = any(${ids}) group by list_id`;
  });
  add(
    'list_unknown_ratio',
    'Share of the last scan of a list that is unknown.',
    ['list'],
    () => sql<Row[]>`
      select c.list_id as list, sum(c.unknown)::float / greatest(sum(c.asked), 1) as value
      from coverage c
      join (select list_id, max(scan_id) as scan_id from coverage group by list_id) last using (list_id, scan_id)
      group by c.list_id`,
  );
}

function addWork(add: Add, { sql, now }: Measured): void {
  add(
    'scan_finished_timestamp_seconds',
    'When a scan of this schedule last ended.',
    ['schedule'],
    () => sql<Row[]>`
      select coalesce(schedule, kind) as schedule, extract(epoch from max(ended_at)) as value
      from scan where state = 'finished' group by 1`,
  );
  add(
    'scan_duration_seconds',
    'How long the last scan of this schedule took.',
    ['schedule'],
    () => sql<Row[]>`
      select distinct on (schedule) coalesce(schedule, kind) as schedule,
        extract(epoch from ended_at - started_at) as value
      from scan where state = 'finished' order by schedule, id desc`,
  );
  add(
    'scans_running',
    'Scans under way.',
    [],
    () => sql<Row[]>`select count(*) as value from scan where state = 'running'`,
  );
  add(
    'operator_lookups_day',
    'Lookups sent to an operator in the last 24 hours.',
    ['operator'],
    () => sql<Row[]>`
      select operator, sum(asked) as value from ledger
      where hour > ${new Date(now().getTime() - 86_400_000)} group by operator`,
  );
}
