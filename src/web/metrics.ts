import type { Sql } from 'postgres';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { List } from '../catalogue/list.ts';
import { nextDue } from '../schedule/cron.ts';
import { jobCounts } from '../schedule/jobs.ts';
import type { Schedule } from '../schedule/schedules.ts';
import { version } from '../version.ts';
import type { Page } from './server.ts';

/** What the metrics are taken from; read at every scrape, so any process of several tells the same. */
export type Measured = {
  sql: Sql;
  /** Those that are asked. */
  lists: readonly List[];
  schedules: readonly Schedule[];
  /** A metric for each listed target as well. */
  targets: boolean;
  now(): Date;
};

type Row = Record<string, string | number>;
type Read = () => PromiseLike<readonly Row[]>;
type Add = (name: string, help: string, labelNames: string[], read: Read) => void;

/** A page in Prometheus' text format. No metric bears an account key, and none an address unless asked for. */
export function createMetrics(measured: Measured): () => Promise<Page> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'dnsblwatch_' });
  const add: Add = (name, help, labelNames, read) => {
    const settings = { name: `dnsblwatch_${name}`, help, labelNames, registers: [registry] };
    // What counts up ends in _total, as Prometheus wants it.
    const metric = name.endsWith('_total')
      ? new Counter({ ...settings, collect: () => fill() })
      : new Gauge({ ...settings, collect: () => fill() });
    const fill = async (): Promise<void> => {
      const rows = await read();
      metric.reset();
      for (const { value, ...labels } of rows) metric.inc(labels, Number(value));
    };
  };
  add('build_info', 'Always 1; the version is a label.', ['version'], async () => [{ version: version(), value: 1 }]);
  addState(add, measured);
  addSight(add, measured);
  addScans(add, measured);
  addWaiting(add, measured);
  return async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() });
}

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
    return [...open, ...quiet.map(({ id }) => ({ list: id, value: 0 }))];
  });
  if (targets)
    add(
      'listed',
      'An open listing of a target.',
      ['target', 'list'],
      () => sql<Row[]>`select target, list_id as list, 1 as value from listing where until is null`,
    );
  add(
    'changes_total',
    'Changes recorded so far.',
    ['kind'],
    () => sql<Row[]>`select kind, count(*) as value from change group by kind`,
  );
}

function addSight(add: Add, { sql, lists }: Measured): void {
  const ids = lists.map(({ id }) => id);
  add(
    'list_proven_timestamp_seconds',
    'When a list last answered between good controls.',
    ['list'],
    () => sql<Row[]>`
      select list_id as list, extract(epoch from max(last_at)) as value from coverage
      where proof = 'proven' and list_id = any(${ids}) group by list_id`,
  );
  add(
    'list_answered_timestamp_seconds',
    'When a list last said of a target whether it is on it, proven or not.',
    ['list'],
    () => sql<Row[]>`
      select list_id as list, extract(epoch from max(last_at)) as value from coverage
      where listed + clean > 0 and list_id = any(${ids}) group by list_id`,
  );
  add(
    'list_unknown_ratio',
    'Share of the last scan of a list that is unknown.',
    ['list'],
    () => sql<Row[]>`
      select list_id as list, sum(unknown)::float / greatest(sum(asked), 1) as value
      from coverage join (${lastOf(sql, ids)}) last using (list_id, scan_id) group by list_id`,
  );
  add(
    'list_blind',
    'A list that nothing could be learnt from in its last scan, and why.',
    ['list', 'why'],
    () => sql<Row[]>`
      select list_id as list, min(why) as why, 1 as value
      from coverage join (${lastOf(sql, ids)}) last using (list_id, scan_id)
      group by list_id having bool_and(why is not null)`,
  );
}

/** The last scan of each list; a follow-up asks too little to be one. */
const lastOf = (sql: Sql, ids: string[]) => sql`
  select list_id, max(scan_id) as scan_id from coverage join scan on scan.id = scan_id
  where list_id = any(${ids}) and scan.kind <> 'adaptive' group by list_id`;

function addScans(add: Add, { sql, schedules, now }: Measured): void {
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
      select distinct on (1) coalesce(schedule, kind) as schedule, extract(epoch from ended_at - started_at) as value
      from scan where state = 'finished' order by 1, id desc`,
  );
  add(
    'scans_running',
    'Scans under way.',
    [],
    () => sql<Row[]>`select count(*) as value from scan where state = 'running'`,
  );
  add('schedule_next_timestamp_seconds', 'When a schedule is due next.', ['schedule'], async () =>
    schedules.map((one) => ({ schedule: one.name, value: nextDue(one, now()).getTime() / 1000 })),
  );
  add(
    'operator_lookups_last_day',
    'Lookups sent to an operator in the last 24 hours.',
    ['operator'],
    () => sql<Row[]>`
      select operator, sum(asked) as value from ledger
      where hour > ${new Date(now().getTime() - 86_400_000)} group by operator`,
  );
}

function addWaiting(add: Add, { sql }: Measured): void {
  add('jobs', 'Parts of scans and what else is due, by state.', ['queue', 'state'], async () =>
    (await jobCounts(sql)).map(({ count, ...labels }) => ({ ...labels, value: count })),
  );
  add(
    'messages',
    'Messages by channel that wait to be delivered, or were given up.',
    ['channel', 'state'],
    () => sql<Row[]>`
      select channel, state, count(id) as value
      from (select distinct channel from outbox) channels cross join (values ('waiting'), ('dead')) states (state)
      left join outbox using (channel, state) group by channel, state`,
  );
  add(
    'message_oldest_timestamp_seconds',
    'Since when the oldest message of a channel waits.',
    ['channel'],
    () => sql<Row[]>`
      select channel, extract(epoch from min(created_at)) as value from outbox where state = 'waiting' group by channel`,
  );
  add(
    'messages_sent_total',
    'Messages delivered so far.',
    ['channel'],
    () => sql<Row[]>`select channel, count(*) as value from outbox where state = 'sent' group by channel`,
  );
}
