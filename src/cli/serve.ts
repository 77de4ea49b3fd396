import { once } from 'node:events';
import type { Serve } from '../config/schedules.ts';
import type { Database } from '../db/open.ts';
import { UserError } from '../errors.ts';
import { retain } from '../listing/retain.ts';
import type { Setup as Alerting } from '../notify/collect.ts';
import { enqueueDigests } from '../notify/digest/send.ts';
import type { Means } from '../scan/round.ts';
import type { WithPosture } from '../schedule/audits.ts';
import { type Log, openLog } from '../schedule/log.ts';
import { openQueue, type Queue } from '../schedule/queue.ts';
import type { Schedule } from '../schedule/schedules.ts';
import { startServing } from '../schedule/serve.ts';
import { dueBefore } from '../schedule/ticks.ts';
import { type Alerts, startAlerts } from './alerts.ts';
import { withAsking } from './asking.ts';
import { alertsSetup } from './notify.ts';
import { type CommonOptions, type Settings, settingsOf } from './options.ts';
import { throughOutages } from './outages.ts';
import { sharedPace } from './pace.ts';
import { overloadsOf, scannerOf } from './scanner.ts';
import { createServePages, type ServePages } from './serve-pages.ts';
import { createSupervisor } from './supervisor.ts';
import type { World } from './world.ts';

export type ServeOptions = CommonOptions & { log?: string; verbose?: boolean };

/** `serve` has schedules, digests and pages; `worker` takes part in the scans of a `serve` on the same database. */
export type Role = 'serve' | 'worker';

/** `gone`: the database is; nothing can be recorded or handed back any more. */
type Running = { db: Database; gone: AbortSignal; queue: Queue; log: Log; role: Role; world: World };
/** `alerting`: null where nobody is to be told. */
type Setup = { settings: Settings; serving: Serve; alerting: Alerting | null };

/** Runs until it is told to stop; SIGHUP has it read its configuration again. */
export async function serve(role: Role, options: ServeOptions, world: World): Promise<void> {
  const level = options.verbose === true ? 'debug' : 'info';
  const log = await openLog({ pretty: isPretty(options, world), level, write: world.err });
  let setup = await read(options, world);
  const supervisor = createSupervisor(world.env);
  const pages = createServePages({ log, role, world });
  let begun = false;
  const serveOn = async (db: Database, gone: AbortSignal): Promise<void> => {
    gone.addEventListener('abort', () => pages.withoutDatabase());
    const queue = await openQueue(db.sql, (error) => log.error({ err: error }, 'queue'), gone);
    const running: Running = { db, gone, queue, log, role, world };
    try {
      if (!begun) await refuseOverload(running, setup);
      begun = true;
      await pages.show(db, setup);
      while (!world.signal.aborted && !gone.aborted) {
        const reload = new AbortController();
        supervisor.onReload(async () => {
          const next = await readAgain(options, running, setup);
          if (next === null || !(await showOrKeep(pages, db, next, log))) return;
          setup = next;
          reload.abort();
        });
        await during(running, setup, AbortSignal.any([world.signal, reload.signal, gone]), () => {
          log.info({ schedules: setup.serving.schedules.map(({ name }) => name), pages: pages.url() }, 'serving');
          supervisor.ready();
        });
      }
    } finally {
      await queue.stop({ graceful: false });
    }
  };
  try {
    await throughOutages(setup.settings.database, { signal: world.signal, log }, serveOn);
  } finally {
    supervisor.stopping();
    await pages.close();
    supervisor.close();
  }
  log.info({}, 'stopped');
}

const DAY = 86_400_000;

/** Makes the digests of a schedule, each since the one before; `made` sends them on their way. */
function digester({ db, log, world }: Running, alerting: Alerting, made: () => void) {
  return async (schedule: Schedule, due: Date): Promise<void> => {
    const now = world.now();
    const before = await dueBefore(db.sql, schedule, due);
    const span = before === null ? DAY : now.getTime() - before.getTime();
    const number = await enqueueDigests(db, alerting, { span, name: `${schedule.name} ${due.toISOString()}` }, now);
    log.info({ schedule: schedule.name, due, digests: number }, 'digests made');
    made();
  };
}

/** What audits of a schedule ask with: the lists within the limits that all on the database share. */
function postureOf(settings: Settings, means: Means, world: World): WithPosture {
  return async (how, signal, use) => {
    const { withPosture } = await import('./audit-means.ts');
    return await withPosture(settings, how, { ...world, signal }, use, (ask) => ask({ ...means, signal }));
  };
}

function isPretty({ log }: ServeOptions, { errIsTerminal }: World): boolean {
  if (log === undefined) return errIsTerminal;
  if (log === 'json' || log === 'pretty') return log === 'pretty';
  throw new UserError(`--log "${log}": expected json or pretty`);
}

async function read(options: ServeOptions, world: World): Promise<Setup> {
  const settings = await settingsOf(options, world);
  const alerting = await alertsSetup(settings);
  return { settings, serving: await settings.config.serve(), alerting };
}

/** null where the new configuration is wrong: then the old one stays. */
async function readAgain(options: ServeOptions, running: Running, before: Setup): Promise<Setup | null> {
  const { log, world } = running;
  try {
    const next = await read(options, world);
    if (next.settings.database !== before.settings.database)
      throw new UserError('another database takes a restart, not a reload');
    await refuseOverload(running, next);
    return next;
  } catch (error) {
    return kept(error, log);
  }
}

/** Whether metrics and health are where the new configuration wants them. */
async function showOrKeep(pages: ServePages, db: Database, next: Setup, log: Log): Promise<boolean> {
  try {
    await pages.show(db, next);
    log.info({}, 'the configuration was read again');
    return true;
  } catch (error) {
    return kept(error, log) !== null;
  }
}

function kept(error: unknown, log: Log): null {
  const why = error instanceof UserError ? { why: error.message } : { err: error };
  log.error(why, 'the configuration could not be taken; the one before stays');
  return null;
}

async function refuseOverload({ db, role, world }: Running, { settings, serving }: Setup): Promise<void> {
  if (role === 'worker') return;
  const sentences = await overloadsOf({ db, settings, schedules: serving.schedules }, world.now());
  if (sentences.length > 0) throw new UserError(sentences.join('\n'));
}

/** Serves with these settings until the signal; what is under way then is taken up again, by whoever comes first. */
async function during(running: Running, setup: Setup, signal: AbortSignal, ready: () => void): Promise<void> {
  const { db, gone, queue, log, role, world } = running;
  const { settings, serving, alerting } = setup;
  const drop = new AbortController();
  const pace = sharedPace(db, { holder: `${role} ${process.pid}`, first: false });
  const schedules = role === 'serve' ? serving.schedules : null;
  const alerts: Alerts | null =
    role === 'worker' || alerting === null ? null : startAlerts(db, alerting, log, world.now);
  gone.addEventListener('abort', () => {
    drop.abort();
    void alerts?.stop();
  });
  try {
    await withAsking(
      settings,
      { ...world, signal: drop.signal },
      async (means) => {
        const scanner = scannerOf(
          { db, settings, schedules: serving.schedules },
          { ...means, windDown: signal },
          log,
          world,
        );
        const digest = alerting === null ? async () => {} : digester(running, alerting, () => alerts?.look());
        const ended = async (): Promise<void> => {
          alerts?.look();
          await retain(db, settings.config.retention, world.now(), signal);
        };
        const withPosture = postureOf(settings, scanner.means, world);
        const audited = (): void => alerts?.look();
        const started = await startServing({ queue, scanner, schedules, digest, ended, withPosture, audited, log });
        ready();
        if (!signal.aborted) await once(signal, 'abort');
        if (!gone.aborted)
          log.info({ within: serving.stopWithin }, world.signal.aborted ? 'stopping' : 'changing over');
        const timer = setTimeout(() => drop.abort(), serving.stopWithin);
        await started.stop().finally(() => clearTimeout(timer));
      },
      pace,
    );
  } finally {
    await alerts?.stop();
  }
}
