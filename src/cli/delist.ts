import type { List } from '../catalogue/list.ts';
import { withoutPassword } from '../db/failure.ts';
import type { Database } from '../db/open.ts';
import { type Advice, adviceInOrder, type OpenListing, type Removal, type Step } from '../delisting/advice.ts';
import { judgeRecorded } from '../delisting/judge.ts';
import { readinessOf } from '../delisting/readiness.ts';
import { requestText } from '../delisting/request.ts';
import { requirementText } from '../delisting/requirements.ts';
import { UserError } from '../errors.ts';
import { type ListingRecord, listingHistory, type RemovalRecord } from '../listing/history.ts';
import { requestRemoval, withdrawRemoval } from '../listing/removals.ts';
import { renderWays, type Way } from '../output/delisting.ts';
import type { Finding } from '../posture/finding.ts';
import { isSpecial } from '../posture/special.ts';
import { countOf, expand, parseTarget, type Target } from '../target.ts';
import { sayIn } from '../text/say.ts';
import { withDatabase } from './database.ts';
import { type CommonOptions, formatOf, type Settings, settingsOf } from './options.ts';
import { say } from './say.ts';
import type { World } from './world.ts';

export type DelistOptions = CommonOptions & {
  domain?: string[];
  helo?: string;
  /** commander makes `--no-audit` and `--no-connect` of these. */
  audit?: boolean;
  connect?: boolean;
};

export type RemovalOptions = CommonOptions & { note?: string; label?: string };

/** The way off each list that the target is on, by what was recorded. */
export async function showDelisting(
  text: string,
  wanted: string | undefined,
  options: DelistOptions,
  world: World,
): Promise<void> {
  const format = formatOf(options.format, ['table', 'json'] as const);
  const target = oneTarget(text);
  const settings = await settingsOf(options, world);
  const only = wanted === undefined ? null : namedList(settings, wanted).id;
  await withDatabase(settings.database, async (db) => {
    const records = await listingHistory(db, {
      targets: [parseTarget(target.text, { allowSpecial: true })],
      open: true,
    });
    const findings = records.length === 0 ? null : await findingsOf(db, target, options, settings, world);
    const all = waysOf(target, records, findings, settings, world.now());
    const ways = all.filter(({ advice }) => only === null || advice.list === only);
    if (format === 'json') return world.out(`${JSON.stringify(ways, null, 2)}\n`);
    if (ways.length > 0) return say(world, renderWays(target.text, ways, world.now(), settings.paint));
    const on = only === null ? 'no open listing' : `no open listing on ${only}`;
    say(
      world,
      `${target.text} has ${on} in ${withoutPassword(settings.database)}.\n` +
        `Look now: dnsblwatch check ${target.text}; record it: dnsblwatch targets add ${target.text}, then dnsblwatch scan.\n`,
    );
  });
}

/**
 * What is on record of audits of the target; without any, or with more to go by, one is made now. null: none, as of an
 * address that nobody outside can reach.
 */
async function findingsOf(
  db: Database,
  target: Target,
  options: DelistOptions,
  settings: Settings,
  world: World,
): Promise<Finding[] | null> {
  const { recordAudit, recordedFindings } = await import('../posture/record.ts');
  const recorded = await recordedFindings(db, target.text);
  const told = options.domain !== undefined || options.helo !== undefined;
  const outside = told || !isSpecial(target.text);
  if (options.audit === false || !outside || (recorded !== null && !told)) return recorded?.findings ?? null;
  const { auditFor } = await import('./audit.ts');
  if (world.errIsTerminal && !settings.quiet) world.err(`auditing ${target.text} …\n`);
  const { domain = [], helo, connect } = options;
  const words = [...domain, target.text];
  const asked = {
    allowSpecial: true,
    ...(helo === undefined ? {} : { helo }),
    ...(connect === undefined ? {} : { connect }),
  };
  await recordAudit(db, await auditFor(words, asked, settings, world));
  return (await recordedFindings(db, target.text))?.findings ?? null;
}

export async function noteRequested(text: string, list: string, options: RemovalOptions, world: World): Promise<void> {
  const target = oneTarget(text);
  const settings = await settingsOf(options, world);
  const { id } = namedList(settings, list);
  await withDatabase(settings.database, async (db) => {
    const of = { target: target.text, list: id, label: options.label ?? null, note: options.note ?? null };
    await requestRemoval(db, of, world.now());
    world.out(`Noted: removal of ${target.text} from ${id} requested. The next scans say what became of it.\n`);
  });
}

export async function noteWithdrawn(text: string, list: string, options: RemovalOptions, world: World): Promise<void> {
  const target = oneTarget(text);
  const settings = await settingsOf(options, world);
  const { id } = namedList(settings, list);
  await withDatabase(settings.database, async (db) => {
    await withdrawRemoval(db, { target: target.text, list: id, label: options.label ?? null }, world.now());
    world.out(`Noted: the request for ${target.text} on ${id} is withdrawn.\n`);
  });
}

function waysOf(
  target: Target,
  records: readonly ListingRecord[],
  findings: readonly Finding[] | null,
  { catalogue }: Settings,
  now: Date,
): Way[] {
  const open = records.flatMap((record): { record: ListingRecord; listing: OpenListing }[] => {
    const list = catalogue.find(record.list);
    return list === undefined ? [] : [{ record, listing: openListing(list, record) }];
  });
  const listings = open.map(({ listing }) => listing);
  return adviceInOrder(target, listings, now).flatMap((advice): Way[] => {
    const found = open.find(({ listing }) => listing.list.id === advice.list);
    if (found === undefined) return [];
    const { record, listing } = found;
    const readiness =
      findings === null
        ? []
        : advice.steps.map((step) =>
            readinessOf({ name: nameOf(advice, step), target: target.text, step, findings, text: inEnglish }),
          );
    return [
      {
        advice,
        readiness,
        since: record.since,
        reason: record.reason,
        texts: advice.steps.map((step, at) =>
          requestText(
            step,
            listing,
            target,
            (readiness[at]?.met ?? []).map(({ text, why }) => `${text} (${why})`),
          ),
        ),
        requests: record.removals.map((removal) => judgeRecorded(removal, record, listing.list, now)),
      },
    ];
  });
}

const inEnglish = (requirement: string): string => requirementText(requirement, sayIn('en'));

/** `Spamhaus ZEN PBL`; one label is enough where all mean the same way off. */
const nameOf = ({ name }: Advice, { codes }: Step): string =>
  [name, ...new Set(codes.map(({ label }) => label))].join(' ');

function openListing(list: List, record: ListingRecord): OpenListing {
  return {
    list,
    codes: record.codes,
    since: new Date(record.since),
    cleanBefore: record.cleanBefore === null ? null : new Date(record.cleanBefore),
    reason: record.reason,
    removals: record.removals.map(removalOf),
  };
}

function removalOf({ label, requestedAt, withdrawnAt, note }: RemovalRecord): Removal {
  const withdrawn = withdrawnAt === null ? null : new Date(withdrawnAt);
  return { label, requestedAt: new Date(requestedAt), withdrawnAt: withdrawn, note };
}

function oneTarget(text: string): Target {
  const range = parseTarget(text, { allowSpecial: true });
  const [target] = expand(range);
  if (target === undefined || countOf(range) !== 1n)
    throw new UserError(`"${text}": expected one address or domain; each listing is left on its own`);
  return target;
}

function namedList({ catalogue }: Settings, name: string): List {
  const list = catalogue.find(name);
  if (list === undefined)
    throw new UserError(`"${name}": expected the id or zone of a list; dnsblwatch lists shows them`);
  return list;
}
