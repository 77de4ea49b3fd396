import type { Sql, TransactionSql } from 'postgres';
import { HOURS_KEPT } from '../scan/ledger.ts';
import { type Grant, giveWay, grant, type Lease, type Wish } from './turns.ts';

const HOUR = 3_600_000;

/** Lookups that were granted in an hour (since 1970) and not used; below 0 where more packets were sent. */
export type Unused = { hour: number; count: number };

export type Request = Pick<Wish, 'rate' | 'lookups' | 'closings' | 'resent'> & {
  operator: string;
  /** Lookups of the last 24 hours that are in no ledger of the database. */
  elsewhere: number;
};

export type Reply = Grant & { hour: number };

/** What one scan asks of the rates and days that all scans on a database share. */
export type Leases = {
  /** Grants turns and counts them as asked, all at once; what a killed process does not use stays counted. */
  ask(requests: readonly Request[]): Promise<Reply[]>;
  /** Gives back what was not used, and the right of way. */
  leave(operators: ReadonlyMap<string, Unused>): Promise<void>;
};

export type LeasesOptions = {
  /** Names the address that the lists see; all that ask from there count together. */
  source: string;
  /** Names this scan. */
  holder: string;
  /** It goes before those that do not. */
  first: boolean;
};

type State = { now: number; leases: Map<string, Lease>; used: Map<string, number> };

/** The clock is the database's: that of several machines would not be one. */
export function openLeases(sql: Sql, { source, holder, first }: LeasesOptions): Leases {
  const known = new Set<string>();

  /** Only what is committed is granted: nothing is asked that others could not see. */
  const change = <T>(operators: readonly string[], act: (state: State, tx: TransactionSql) => Promise<T>): Promise<T> =>
    sql.begin(async (tx) => act(await lockLeases(tx, source, operators), tx)) as Promise<T>;

  const addUnknown = async (operators: readonly string[]): Promise<void> => {
    const fresh = operators.filter((operator) => !known.has(operator));
    if (fresh.length === 0) return;
    await addLeases(sql, source, fresh);
    for (const operator of fresh) known.add(operator);
  };

  return {
    async ask(requests) {
      const operators = operatorsOf(requests);
      await addUnknown(operators);
      return await change(operators, async ({ now, leases, used }, tx) => {
        const hour = Math.floor(now / HOUR);
        const asked = new Map<string, number>();
        const replies = requests.map(({ operator, elsewhere, ...wish }): Reply => {
          const before = (asked.get(operator) ?? 0) + wish.resent;
          const usedUp = elsewhere + (used.get(operator) ?? 0) + before;
          const left = wish.rate.perDay === null ? Number.POSITIVE_INFINITY : wish.rate.perDay - usedUp;
          const { lease, granted } = grant(leaseOf(leases, operator), { ...wish, holder, first, left }, now);
          leases.set(operator, lease);
          asked.set(operator, before + granted.waits.length);
          return { ...granted, hour };
        });
        await Promise.all([storeLeases(tx, source, leases), count(tx, source, hour, asked)]);
        return replies;
      });
    },
    leave: (operators) =>
      change([...operators.keys()].sort(), async ({ now, leases }, tx) => {
        const hour = Math.floor(now / HOUR);
        const ways = new Map([...leases].map(([operator, lease]) => [operator, giveWay(lease, holder)]));
        // What was counted in an hour that is over stays there: rather a lookup too few than one too many.
        const back = [...operators].filter(([, unused]) => unused.hour === hour || unused.count < 0);
        const asked = new Map(back.map(([operator, unused]) => [operator, -unused.count]));
        await Promise.all([storeLeases(tx, source, ways), count(tx, source, hour, asked)]);
      }),
  };
}

/** Always in one order, so that no two wait for each other. */
function operatorsOf(requests: readonly Request[]): string[] {
  return [...new Set(requests.map(({ operator }) => operator))].sort();
}

function leaseOf(leases: ReadonlyMap<string, Lease>, operator: string): Lease {
  const lease = leases.get(operator);
  if (lease === undefined) throw new Error(`no lease of ${operator}`);
  return lease;
}

/** Rows for operators that were never asked; and away with what no day holds any more. */
async function addLeases(sql: Sql, source: string, operators: readonly string[]): Promise<void> {
  await sql`
    insert into lease (operator, source, spent_until, others_from)
    select operator, ${source}, 'epoch', 'epoch'
    from jsonb_array_elements_text(${JSON.stringify(operators)}::text::jsonb) operator
    on conflict do nothing`;
  await sql`
    delete from ledger where (operator, source, hour) in (
      select operator, source, hour from ledger where hour < clock_timestamp() - interval '2 days'
      for update skip locked)`;
}

/** Locks first, looks then: each statement sees what was committed before it began. */
async function lockLeases(tx: TransactionSql, source: string, operators: readonly string[]): Promise<State> {
  const names = JSON.stringify(operators);
  type Row = { operator: string; spent: number; holder: string | null; until: number | null; others: number };
  const [rows, [clock], used] = await Promise.all([
    tx<Row[]>`
      select operator, holder, (extract(epoch from spent_until) * 1000)::float8 as spent,
        (extract(epoch from until) * 1000)::float8 as until, (extract(epoch from others_from) * 1000)::float8 as others
      from lease where source = ${source} and operator in (select jsonb_array_elements_text(${names}::text::jsonb))
      order by operator for update`,
    tx<{ now: number }[]>`select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`,
    tx<{ operator: string; asked: number }[]>`
      select operator, sum(asked)::float8 as asked from ledger
      where source = ${source} and operator in (select jsonb_array_elements_text(${names}::text::jsonb))
        and hour >= date_trunc('hour', clock_timestamp(), 'UTC') - make_interval(hours => ${HOURS_KEPT})
      group by operator`,
  ]);
  if (clock === undefined) throw new Error('the database told no time');
  const leases = rows.map(({ operator, spent, holder, until, others }): [string, Lease] => {
    const first = holder === null || until === null ? null : { holder, until };
    return [operator, { spentUntil: spent, first, othersFrom: others }];
  });
  return {
    now: clock.now,
    leases: new Map(leases),
    used: new Map(used.map(({ operator, asked }) => [operator, asked])),
  };
}

async function storeLeases(tx: TransactionSql, source: string, leases: ReadonlyMap<string, Lease>): Promise<void> {
  const rows = [...leases].map(([operator, { spentUntil, first, othersFrom }]) => ({
    operator,
    spent: Math.ceil(spentUntil) / 1000,
    holder: first?.holder ?? null,
    until: first === null ? null : Math.ceil(first.until) / 1000,
    others: Math.ceil(othersFrom) / 1000,
  }));
  await tx`
    update lease set spent_until = to_timestamp(t.spent), holder = t.holder, until = to_timestamp(t.until),
      others_from = to_timestamp(t.others)
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      as t(operator text, spent float8, holder text, until float8, others float8)
    where lease.operator = t.operator and lease.source = ${source}`;
}

async function count(
  tx: TransactionSql,
  source: string,
  hour: number,
  lookups: ReadonlyMap<string, number>,
): Promise<void> {
  const rows = [...lookups].filter(([, asked]) => asked !== 0).map(([operator, asked]) => ({ operator, asked }));
  if (rows.length === 0) return;
  await tx`
    insert into ledger (operator, source, hour, asked)
    select operator, ${source}, ${new Date(hour * HOUR)}, asked
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as t(operator text, asked int)
    on conflict (operator, source, hour) do update set asked = greatest(0, ledger.asked + excluded.asked)`;
}
