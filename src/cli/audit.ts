import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { resolverLookup } from '../dns/lookup.ts';
import { isLoopback } from '../dns/resolvers.ts';
import { type SecureLookup, secureLookup } from '../dns/secure.ts';
import { openTransport } from '../dns/transport.ts';
import { UserError } from '../errors.ts';
import type { ExitStatus } from '../exit.ts';
import { auditCsv, auditJson, auditMarkdown, auditNagios, auditNdjson, renderAudit } from '../output/audit.ts';
import { plain } from '../output/plain.ts';
import { type Audit, audit } from '../posture/audit.ts';
import { standingOf } from '../posture/finding.ts';
import { fetchHttps } from '../posture/https.ts';
import { createMailLooks, type LookOptions } from '../posture/mail/looks.ts';
import { probeRelay } from '../posture/mail/relay-probe.ts';
import { type Message, parseMessage } from '../posture/message.ts';
import { isOutside } from '../posture/relay.ts';
import type { Asking, MailAsking, Subject } from '../posture/subject.ts';
import { countOf, expand, parseTarget } from '../target.ts';
import { neighbourAsking } from './neighbours.ts';
import { type CommonOptions, formatOf, millisecondsOf, resolversOf, type Settings, settingsOf } from './options.ts';
import type { World } from './world.ts';

/** How the machines themselves are to be reached. */
type ConnectOptions = {
  allowSpecial?: boolean;
  port?: string[];
  ca?: string;
  /** commander makes `--no-connect` of this. */
  connect?: boolean;
  patience?: string;
  openRelay?: boolean;
  neighbourhood?: boolean;
  relayRecipient?: string;
};

export type AuditOptions = CommonOptions &
  ConnectOptions & {
    helo?: string;
    dkimSelector?: string[];
    message?: string;
    ownDomain?: string[];
    /** commander makes `--no-record` of this; undefined: where a target is tracked. */
    record?: boolean;
  };

const FORMATS = ['table', 'json', 'ndjson', 'csv', 'markdown', 'nagios'] as const;

/** Looks at what operators and receivers look at before they let somebody in. */
export async function auditGiven(words: string[], options: AuditOptions, world: World): Promise<ExitStatus> {
  const format = formatOf(options.format, FORMATS);
  const settings = await settingsOf(options, world);
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
  await recordIfTracked(result, settings, options, world);
  return standing;
}

/** Audits what the words name. */
export async function auditFor(
  words: string[],
  options: AuditOptions,
  settings: Settings,
  world: World,
): Promise<Audit> {
  const subject = await subjectOf(words, options, world);
  return withPosture(settings, options, world, (asking) => audit(subject, asking, world.now));
}

/**
 * What is tracked keeps the history of its audits. Where there is no database yet, none is made for the sake of a look.
 */
async function recordIfTracked(
  result: Audit,
  settings: Settings,
  { record }: AuditOptions,
  world: World,
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
    for (const { check, subject, before, outcome, why } of await recordAudit(db, result))
      if (before !== null && !settings.quiet)
        world.err(`changed: ${check} ${subject}: ${before} → ${outcome} (${plain(why, 160)})\n`);
  });
  await save.catch((error: unknown) => {
    if (record === true || !(error instanceof UserError)) throw error;
    world.err(`not recorded: ${error.message}\n`);
  });
}

/** Gives `use` what an audit asks with, and closes it. */
async function withPosture<T>(
  settings: Settings,
  options: ConnectOptions,
  world: World,
  use: (asking: Asking) => Promise<T>,
): Promise<T> {
  const ports = portsOf(options.port ?? []);
  const ca = options.ca === undefined ? [] : [readGiven('--ca', options.ca)];
  const transport = openTransport({ now: world.now });
  const lookup = resolverLookup(transport.ask, resolversOf(settings), {
    deadline: settings.timeout,
    signal: world.signal,
  });
  const allowSpecial = options.allowSpecial === true;
  try {
    return await use({
      lookup,
      fetch: (host, path) =>
        fetchHttps(host, path, {
          lookup,
          port: ports.get(443) ?? 443,
          ca,
          deadline: settings.timeout * 2,
          allowSpecial,
          signal: world.signal,
        }),
      neighbours: neighbourAsking(options.neighbourhood === true, settings, world),
      secure: trustedLookup(settings, world),
      mail:
        options.connect === false
          ? null
          : mailAsking(options, { lookup, ports, ca, allowSpecial, signal: world.signal }),
      patience: settings.timeout * 3,
      now: world.now(),
      signal: world.signal,
      allowSpecial,
    });
  } finally {
    transport.close();
  }
}

/** AD counts from a resolver of this machine, or one that was named; on the way from others it can be forged. */
function trustedLookup(settings: Settings, world: World): SecureLookup | null {
  const [server] = resolversOf(settings);
  if (typeof settings.resolver === 'string' && !isLoopback(server)) return null;
  return secureLookup(server, { deadline: settings.timeout, signal: world.signal });
}

/** Milliseconds: a connection; a reply, for which slow and tarpitting servers take half a minute. */
const CONNECT = 10_000;
const PATIENCE = 35_000;
/** Where nobody's mail can go by mistake: nothing is sent, and the name is reserved (RFC 2606). */
const STRANGER = 'relay-test@example.com';

function mailAsking(
  options: ConnectOptions,
  from: Pick<LookOptions, 'lookup' | 'ports' | 'ca' | 'allowSpecial' | 'signal'>,
): MailAsking {
  const patience = options.patience === undefined ? PATIENCE : millisecondsOf('--patience', options.patience);
  const deadline = Math.min(CONNECT, patience);
  const port = from.ports.get(25) ?? 25;
  const recipient = options.relayRecipient ?? STRANGER;
  if (!/^[^\s<>@]+@[^\s<>@]+$/.test(recipient))
    throw new UserError(`--relay-recipient "${recipient}": expected a mail address of somebody else's domain`);
  const relay = (address: string) => probeRelay(address, recipient, { port, deadline, patience, signal: from.signal });
  return {
    looks: createMailLooks({ ...from, deadline, patience }),
    relay: options.openRelay === true ? relay : null,
    outside: isOutside,
    ownAddresses: new Set(
      Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
    ),
  };
}

async function subjectOf(words: string[], options: AuditOptions, world: World): Promise<Subject> {
  const targets = words.map((word) => oneTarget(word, options.allowSpecial === true));
  const domains = targets.filter(({ kind }) => kind === 'domain').map(({ text }) => text);
  const message = options.message === undefined ? null : await readMessage(options.message, world);
  return {
    domains,
    addresses: targets.flatMap(({ kind, text }) => (kind === 'domain' ? [] : [{ kind, text, mx: null }])),
    helo: options.helo?.trim().toLowerCase() ?? null,
    selectors: [...selectorsOf(options.dkimSelector ?? [], domains), ...(message?.signatures ?? [])].filter(
      firstOfItsKind,
    ),
    message,
    ownDomains: (options.ownDomain ?? []).map((word) => oneTarget(word, true).text),
  };
}

function oneTarget(word: string, allowSpecial: boolean) {
  const range = parseTarget(word, { allowSpecial });
  const [target] = expand(range);
  if (target === undefined || countOf(range) !== 1n)
    throw new UserError(`audit "${word}": expected single addresses and domains; a whole network is no mail server`);
  return target;
}

/** `mail`, for every domain that is audited, or `mail._domainkey.example.org`. */
function selectorsOf(words: string[], domains: string[]): Subject['selectors'] {
  return words.flatMap((word) => {
    const [, selector = word, domain] = /^(.+)\._domainkey\.(.+)$/i.exec(word.trim().replace(/\.$/, '')) ?? [];
    if (!/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i.test(selector.trim()))
      throw new UserError(
        `--dkim-selector "${word}": expected a selector such as mail, or mail._domainkey.example.org`,
      );
    if (domain === undefined && domains.length === 0)
      throw new UserError(
        `--dkim-selector "${word}": expected a domain to audit, or the whole name mail._domainkey.example.org`,
      );
    const of = domain === undefined ? domains : [domain.toLowerCase()];
    return of.map((one) => ({ selector: selector.trim().toLowerCase(), domain: one }));
  });
}

function firstOfItsKind(one: Subject['selectors'][number], at: number, all: Subject['selectors']): boolean {
  return all.findIndex(({ selector, domain }) => selector === one.selector && domain === one.domain) === at;
}

async function readMessage(file: string, world: World): Promise<Message> {
  const text = file === '-' ? await world.input() : readGiven('--message', file);
  const message = parseMessage(text);
  if (message.from === null && message.signatures.length === 0 && message.received.length === 0)
    throw new UserError(
      `--message ${file}: expected a message with its header (From, DKIM-Signature, Received), as "show original" gives it`,
    );
  return message;
}

function readGiven(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      `${option} ${file}: ${code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`}`,
    );
  }
}

/** `25=2525`: what is meant to listen on 25 is asked on 2525. */
function portsOf(words: string[]): Map<number, number> {
  return new Map(
    words.map((word) => {
      const [, from, to] = /^(\d{1,5})=(\d{1,5})$/.exec(word) ?? [];
      if (from === undefined || to === undefined || Number(to) < 1 || Number(to) > 65535)
        throw new UserError(`--port "${word}": expected PORT=OTHER, such as 25=2525`);
      return [Number(from), Number(to)];
    }),
  );
}
