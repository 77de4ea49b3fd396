import { existsSync } from 'node:fs';
import type { Database } from '../db/open.ts';
import { UserError } from '../errors.ts';
import type { ExitStatus } from '../exit.ts';
import {
  auditCsv,
  auditJson,
  auditMarkdown,
  auditNagios,
  auditNdjson,
  renderAudit,
  renderFindingHistory,
} from '../output/audit.ts';
import { plain } from '../output/plain.ts';
import { type Audit, audit } from '../posture/audit.ts';
import { standingOf } from '../posture/finding.ts';
import { type ConnectOptions, withPosture } from './audit-means.ts';
import { type SubjectOptions, subjectOf } from './audit-subject.ts';
import { type CommonOptions, formatOf, type Settings, settingsOf } from './options.ts';
import type { World } from './world.ts';

export type AuditOptions = CommonOptions &
  ConnectOptions &
  SubjectOptions & {
    /** commander makes `--no-record` of this; undefined: where a target is tracked. */
    record?: boolean;
    /** Tell the channels what changed, now and after later audits of the same. */
    notify?: boolean;
    history?: boolean;
  };

const FORMATS = ['table', 'json', 'ndjson', 'csv', 'markdown', 'nagios'] as const;

/** Looks at what operators and receivers look at before they let somebody in. */
export async function auditGiven(words: string[], options: AuditOptions, world: World): Promise<ExitStatus> {
  if (options.history === true) return showHistory(words, options, world);
  const format = formatOf(options.format, FORMATS);
  if (options.openRelay === true && options.connect === false)
    throw new UserError('--open-relay --no-connect: a relay is tried over a connection; expected one of the two');
  if (options.notify === true && options.record === false)
    throw new UserError('--notify tells what is recorded: expected it without --no-record');
  const settings = await settingsOf(options, world);
  const notifying = options.notify === true ? await import('./notify.ts') : null;
  const setup = await notifying?.notifySetup(settings);
  if (world.errIsTerminal && !settings.quiet) world.err(`auditing ${words.join(', ')} …\n`);
  const result = await auditFor(words, options, settings, world);
  const standing = standingOf(result.findings);
  const printed = {
    table: () => renderAudit(result, settings.paint, settings.quiet),
    json: () => auditJson(result),
    ndjson: () => auditNdjson(result),
    csv: () => auditCsv(result),
    markdown: () => auditMarkdown(result),
    nagios: () => auditNagios(result, standing),
  };
  world.out(printed[format]());
  // Last: what was seen is said, whatever becomes of the record.
  await recordIfTracked(result, settings, options, world, async (db) => {
    if (setup !== undefined) await notifying?.tell(db, setup, world, true);
  });
  return standing;
}

/** What is on record: every finding that became another one. */
async function showHistory(words: string[], options: AuditOptions, world: World): Promise<ExitStatus> {
  const format = formatOf(options.format, ['table', 'json'] as const);
  const settings = await settingsOf(options, world);
  const { domains, addresses } = await subjectOf(words, { ...options, allowSpecial: true }, world);
  const [{ withDatabase }, { findingHistory }] = await Promise.all([
    import('./database.ts'),
    import('../posture/record.ts'),
  ]);
  const changes = await withDatabase(settings.database, async (db) => {
    const found = [];
    for (const target of [...domains, ...addresses.map(({ text }) => text)])
      found.push(...(await findingHistory(db, target)));
    return found;
  });
  world.out(
    format === 'json' ? `${JSON.stringify(changes, null, 2)}\n` : renderFindingHistory(changes, settings.paint),
  );
  return 0;
}

/** Audits what the words name. */
export async function auditFor(
  words: string[],
  options: AuditOptions,
  settings: Settings,
  world: World,
): Promise<Audit> {
  const subject = await subjectOf(words, options, world);
  if (options.openRelay === true && subject.addresses.length === 0)
    throw new UserError('--open-relay: expected addresses, of servers of your own, beside the domain');
  return withPosture(settings, options, world, (asking) => audit(subject, asking, world.now));
}

/**
 * What is tracked keeps the history of its audits. Where there is no database yet, none is made for the sake of a look.
 */
async function recordIfTracked(
  result: Audit,
  settings: Settings,
  { notify = false, record = notify ? true : undefined }: AuditOptions,
  world: World,
  recorded: (db: Database) => Promise<void>,
): Promise<void> {
  const there = /^[a-z]+:\/\//i.test(settings.database) || existsSync(settings.database);
  if (record === false || (!there && record !== true)) return;
  const [{ withDatabase }, { recordAudit }, { trackedTargets }, { contains, pointOf }] = await Promise.all([
    import('./database.ts'),
    import('../posture/record.ts'),
    import('../listing/tracked.ts'),
    import('../listing/ranges.ts'),
  ]);
  const { domains, addresses } = result.subject;
  const points = [...domains, ...addresses.map(({ text }) => text)].map(pointOf);
  const save = withDatabase(settings.database, async (db) => {
    const tracked = record === true ? [] : await trackedTargets(db);
    if (record !== true && !tracked.some(({ range }) => points.some((point) => contains(range, point)))) return;
    for (const { check, subject, before, outcome, why } of await recordAudit(db, result, { watched: notify }))
      if (before !== null && !settings.quiet)
        world.err(`changed: ${check} ${subject}: ${before} → ${outcome} (${plain(why, 160)})\n`);
    await recorded(db);
  });
  await save.catch((error: unknown) => {
    if (record === true || !(error instanceof UserError)) throw error;
    world.err(`not recorded: ${error.message}\n`);
  });
}
