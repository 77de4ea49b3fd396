import { once } from 'node:events';
import type { Serve } from '../config/schedules.ts';
import type { Database } from '../db/open.ts';
import { UserError } from '../errors.ts';
import type { Setup as Alerting } from '../notify/collect.ts';
import { enqueueDigests } from '../notify/digest/send.ts';
import { type Log, openLog } from '../schedule/log.ts';
import { openQueue, type Queue } from '../schedule/queue.ts';
import type { Schedule } from '../schedule/schedules.ts';
import { startServing } from '../schedule/serve.ts';
import { dueBefore } from '../schedule/ticks.ts';
import { createHealth } from '../web/health.ts';
import { createMetrics } from '../web/metrics.ts';
import { openWebServer, type WebServer } from '../web/server.ts';
import { type Alerts, startAlerts } from './alerts.ts';
import { withAsking } from './asking.ts';
import { withDatabase } from './database.ts';
import { alertsSetup } from './notify.ts';
import { type CommonOptions, listsToAsk, type Settings, settingsOf } from './options.ts';
import { sharedPace } from './pace.ts';
import { overloadsOf, scannerOf } from './scanner.ts';
import { createSupervisor } from './supervisor.ts';
import type { World } from './world.ts';

export type ServeOptions = CommonOptions & { log?: string; verbose?: boolean };

/** `serve` has schedules, digests and pages; `worker` takes part in the scans of a `serve` on the same database. */
export type Role = 'serve' | 'worker';

type Running = { db: Database; queue: Queue; log: Log; role: Role; world: World };
/** `alerting`: null where nobody is to be told. */
type Setup = { settings: Settings; serving: Serve; alerting: Alerting | null };

/** Runs until it is told to stop; SIGHUP has it read its configuration again. */
export async function serve(role: Role, options: ServeOptions, world: World): Promise<void> {
  const level = options.verbose === true ? 'debug' : 'info';
  const log = await openLog({ pretty: isPretty(options, world), level, write: world.err });
  let setup = await read(options, world);
  const supervisor = createSupervisor(world.env);
  await withDatabase(setup.settings.database, async (db) => {
    const onError = (error: Error): void => log.error({ err: error }, 'queue');
    const queue = await openQueue(db.sql, { supervise: role === 'serve', onError });
    const running: Running = { db, queue, log, role, world };
    try {
      await refuseOverload(running, setup);
      while (!world.signal.aborted) {
        const reload = new AbortController();
        supervisor.onReload(async () => {
          const next = await readAgain(options, running, setup);
          if (next !== null) setup = next;
          if (next !== null) reload.abort();
        });
        await during(running, setup, AbortSignal.any([world.signal, reload.signal]), supervisor.ready);
      }
    } finally {
      supervisor.stopping();
      log.info({}, 'stopping');
      await queue.stop({ graceful: true, timeout: setup.serving.stopWithin });
      supervisor.close();
    }
  });
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
    log.info({}, 'the configuration was read again');
    return next;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log.error({ why: error.message }, 'the configuration is wrong; the one before stays');
    return null;
  }
}

async function refuseOverload({ db, role, world }: Running, { settings, serving }: Setup): Promise<void> {
  if (role === 'worker') return;
  const sentences = await overloadsOf(db, settings, serving.schedules, world.now());
  if (sentences.length > 0) throw new UserError(sentences.join('\n'));
}

/** Serves with these settings until the signal; what is under way then is taken up again, by whoever comes first. */
async function during(running: Running, setup: Setup, signal: AbortSignal, ready: () => void): Promise<void> {
  const { db, queue, log, role, world } = running;
  const { settings, serving, alerting } = setup;
  const web = await openPages(running, setup);
  const pace = sharedPace(db, { holder: `${role} ${process.pid}`, first: false });
  const schedules = role === 'serve' ? serving.schedules : [];
  const alerts: Alerts | null =
    role === 'worker' || alerting === null ? null : startAlerts(db, alerting, log, world.now);
  try {
    await withAsking(
      settings,
      { ...world, signal },
      async (means) => {
        const scanner = scannerOf(db, settings, means, log, world);
        const digest = alerting === null ? async () => {} : digester(running, alerting, () => alerts?.look());
        const ended = async (): Promise<void> => alerts?.look();
        const started = await startServing({ queue, scanner, schedules, digest, ended, log });
        log.info({ schedules: schedules.map(({ name }) => name), pages: web?.url ?? 'none' }, 'serving');
        ready();
        if (!signal.aborted) await once(signal, 'abort');
        await started.stop();
      },
      pace,
    );
  } finally {
    await alerts?.stop();
    await web?.close();
  }
}

async function openPages({ db, log, role, world }: Running, { settings, serving }: Setup): Promise<WebServer | null> {
  if (role === 'worker' || serving.listen === null) return null;
  const { healthz, readyz } = createHealth(db.sql);
  const lists = () => listsToAsk(settings, undefined);
  const metrics = createMetrics({ sql: db.sql, lists, targets: serving.targetMetrics, now: world.now });
  const pages = { '/metrics': metrics, '/healthz': healthz, '/readyz': readyz };
  return await openWebServer(serving.listen, pages, (error) => log.error({ err: error }, 'page'));
}
