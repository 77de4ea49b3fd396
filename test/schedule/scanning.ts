import { onTestFinished } from 'vitest';
import type { ListDefinition } from '../../src/catalogue/list.ts';
import { buildCatalogue } from '../../src/catalogue/load.ts';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { openTransport } from '../../src/dns/transport.ts';
import type { ChangeRecord } from '../../src/listing/changes.ts';
import { createFullScanHold } from '../../src/listing/full-scan.ts';
import { finishScan } from '../../src/listing/scans.ts';
import { addTargets } from '../../src/listing/tracked.ts';
import { memoryLedger } from '../../src/scan/ledger.ts';
import { createPacing } from '../../src/scan/pacing.ts';
import type { Begun, NotBegun } from '../../src/schedule/begin.ts';
import { beginFollowUp } from '../../src/schedule/followup.ts';
import { cancelEnd, createQueues } from '../../src/schedule/jobs.ts';
import { openQueue, type Queue } from '../../src/schedule/queue.ts';
import { beginDueScan } from '../../src/schedule/quiet.ts';
import type { RoomOf } from '../../src/schedule/rooms.ts';
import { doShard, type Scanner } from '../../src/schedule/scanner.ts';
import { type GivenSchedule, readSchedules, type Schedule } from '../../src/schedule/schedules.ts';
import type { Shard } from '../../src/schedule/shards.ts';
import { parseTarget } from '../../src/target.ts';
import { testDatabase } from '../database.ts';
import { type LabServer, startLab } from '../lab/server.ts';

/** What `serve` does when a schedule is due, one step at a time, with a clock and lists of the test's own. */
export type Scanning = {
  db: Database;
  queue: Queue;
  scanner: Scanner;
  /** `name` with the target's address as it is written, on which list; what is not listed is absent. */
  listed: Set<string>;
  /** The same, of questions that are answered with SERVFAIL. */
  broken: Set<string>;
  /** `address list` of the questions asked since the last look, controls aside, sorted. */
  asked(): string[];
  /** Lets minutes pass. */
  later(minutes: number): void;
  changes: ChangeRecord[];
  track(targets: string[], tags?: string[]): Promise<void>;
  /** Begins what is due, and does not go on. */
  begin(schedule: Schedule): Promise<Begun | NotBegun>;
  /** Works off all shards that wait; one that it was stopped in comes first. */
  workOff(): Promise<void>;
  /** The same, and the scan's end. */
  due(schedule: Schedule): Promise<Begun | NotBegun>;
};

/** A schedule as the configuration has it. */
export function scheduleOf(name: string, given: GivenSchedule): Schedule {
  const one = readSchedules({ [name]: given }, 'UTC').find((schedule) => schedule.name === name);
  if (one === undefined) throw new Error(`no schedule ${name}`);
  return one;
}

export async function openScanning(lists: Omit<ListDefinition, 'servers'>[]): Promise<Scanning> {
  const listed = new Set<string>();
  const broken = new Set<string>();
  let questions: string[] = [];
  const lab = await startLab(({ name, type }) => {
    const [, reversed = '', zone = ''] = /^([\d.]+)\.([a-z]\w+)\.test$/.exec(name) ?? [];
    const address = reversed.split('.').reverse().join('.');
    if (address.startsWith('198.18.') || address.startsWith('198.19.')) return { nxdomain: true };
    if (broken.has(`${address} ${zone}`)) {
      if (!address.startsWith('127.')) questions.push(`${address} ${zone}`);
      return { servfail: true };
    }
    if (address.startsWith('127.')) return address === '127.0.0.2' ? { a: ['127.0.0.2'] } : { nxdomain: true };
    if (type === 'A') questions.push(`${address} ${zone}`);
    return listed.has(`${address} ${zone}`) ? { a: ['127.0.0.2'] } : { nxdomain: true };
  });
  const db = await openDatabase(await testDatabase());
  const queue = await openQueue(db.sql, (error) => {
    throw error;
  });
  await createQueues(queue);
  let at = Date.parse('2026-11-24T00:17:00Z');
  const now = (): Date => new Date(at);
  const transport = openTransport({ now });
  const changes: ChangeRecord[] = [];
  const scanner = scannerFor({ db, lists, lab, transport, now, changes });
  onTestFinished(async () => {
    await queue.stop({ graceful: false });
    transport.close();
    await db.close();
    await lab.close();
  });
  let left: { id: string; data: Shard } | null = null;
  const scanning: Scanning = {
    ...{ db, queue, scanner, listed, broken, changes },
    asked() {
      const sorted = questions.sort();
      questions = [];
      return sorted;
    },
    later(minutes) {
      at += minutes * 60_000;
    },
    async track(targets, tags = []) {
      const given = targets.map((text) => ({ range: parseTarget(text, { allowSpecial: true }), tags }));
      await addTargets(db, given, now());
    },
    begin: (schedule) => (schedule.does === 'scan' ? beginDueScan : beginFollowUp)(scanner, queue, schedule),
    async workOff() {
      for (;;) {
        const [job] = left === null ? await queue.fetch<Shard>('shard') : [left];
        if (job === undefined) return;
        left = job;
        await doShard(scanner, job.data, new AbortController().signal);
        await queue.complete('shard', job.id);
        left = null;
      }
    },
    async due(schedule) {
      const begun = await scanning.begin(schedule);
      if (typeof begun === 'string') return begun;
      await scanning.workOff();
      await cancelEnd(queue, begun.scan.id);
      await finishScan(db, begun.scan, now());
      return begun;
    },
  };
  return scanning;
}

type Around = {
  db: Database;
  lists: Omit<ListDefinition, 'servers'>[];
  lab: LabServer;
  transport: ReturnType<typeof openTransport>;
  now(): Date;
  changes: ChangeRecord[];
};

function scannerFor({ db, lists, lab, transport, now, changes }: Around): Scanner {
  const catalogue = buildCatalogue(
    lists.map((list) => ({ ...list, servers: [lab.address] })),
    {},
  ).lists.filter(({ id }) => lists.some((list) => list.id === id));
  const endless: RoomOf = () => Number.POSITIVE_INFINITY;
  return {
    db,
    hold: createFullScanHold(db.sql),
    means: {
      zoneToAsk: ({ zone }) => zone,
      ask: transport.ask,
      resolver: 'auto',
      systemServers: () => [],
      timeout: 1000,
      pacing: createPacing({ ledger: memoryLedger(), limits: 'none' }),
      now,
    },
    policy: { listed: 1, delisted: 2, spacing: 300_000 },
    catalogue,
    listsOf: ({ lists: wanted }) => (wanted === null ? catalogue : catalogue.filter(({ id }) => wanted.includes(id))),
    isLimited: () => true,
    rooms: async () => ({ followUp: endless, lively: endless }),
    followConfig: async () => [],
    onChanges: (more) => void changes.push(...more),
    onList: () => {},
  };
}
