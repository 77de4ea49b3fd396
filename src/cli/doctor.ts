import type { Server } from '../dns/answer.ts';
import { loadLibc } from '../dns/libc.ts';
import { systemServers } from '../dns/resolvers.ts';
import { openTransport } from '../dns/transport.ts';
import type { Finding } from '../doctor/finding.ts';
import { listFindings } from '../doctor/lists.ts';
import { bulkFinding, clockFinding, databaseFinding, probeDatabase } from '../doctor/machine.ts';
import { type PathTest, testPaths } from '../doctor/paths.ts';
import { renderDoctor } from '../doctor/render.ts';
import { interceptionFinding, probeNowhere, probeResolvers, resolverFindings } from '../doctor/resolvers.ts';
import { lookUpReverseName, reverseNameFinding, sendingAddress } from '../doctor/reverse-name.ts';
import { createPacing } from '../scan/pacing.ts';
import type { FindNameServers } from '../scan/path.ts';
import { stateLedger } from './ledger.ts';
import { type CommonOptions, formatOf, listsToAsk, type Settings, settingsOf } from './options.ts';
import { say } from './say.ts';
import type { World } from './world.ts';

/** The network around this machine; tests give their own. */
export type Surroundings = {
  systemServers(): Server[];
  /** An address where no name server can be. */
  nowhere: Server;
  /** The address that this machine sends from; null if it has no way out. */
  sendingAddress(): Promise<string | null>;
  findNameServers?: FindNameServers;
};

/** TEST-NET-1 (RFC 5737) belongs to nobody and is routed nowhere. */
const NOWHERE: Server = '192.0.2.1:53';
/** Milliseconds that a stranger in the middle gets to answer. */
const NOWHERE_PATIENCE = 1500;

/** Says why lists cannot be asked from here, one line and one fix for each problem. */
export async function doctor(
  options: CommonOptions,
  world: World,
  around: Surroundings = {
    systemServers,
    nowhere: NOWHERE,
    sendingAddress: () => sendingAddress(NOWHERE),
  },
): Promise<void> {
  const format = formatOf(options.format, ['table', 'json']);
  const settings = await settingsOf(options, world);
  const lists = listsToAsk(settings, options.lists);
  if (world.errIsTerminal && !settings.quiet) world.err(`asking the controls of ${lists.length} lists …\n`);
  const [{ tests, findings }, database] = await Promise.all([
    lookAtDns(settings, lists, world, around),
    probeDatabase(settings.database, world.now),
  ]);
  if (lists.some(({ servers }) => servers.length > 0)) findings.push(bulkFinding((await loadLibc()) !== null));
  findings.push(clockFinding(world.now(), settings.catalogue.lists, database), databaseFinding(database));
  if (format === 'table') return say(world, renderDoctor(findings, lists, tests, settings));
  const problems = findings.filter(({ state }) => state === 'problem').length;
  const at = world.now().toISOString();
  world.out(`${JSON.stringify({ version: 1, at, findings, tests, summary: { problems } }, null, 2)}\n`);
}

async function lookAtDns(
  settings: Settings,
  lists: ReturnType<typeof listsToAsk>,
  world: World,
  around: Surroundings,
): Promise<{ tests: PathTest[]; findings: Finding[] }> {
  const { resolver, timeout, catalogue } = settings;
  const transport = openTransport();
  const ledger = stateLedger(settings.config.places.state);
  const asking = { ask: transport.ask, timeout, signal: world.signal };
  const resolvers = typeof resolver === 'string' ? around.systemServers() : [resolver.host];
  try {
    const [probes, answered, reverse, tests] = await Promise.all([
      probeResolvers(resolvers, asking),
      probeNowhere(around.nowhere, { ...asking, timeout: Math.min(timeout, NOWHERE_PATIENCE) }),
      around.sendingAddress().then((address) => lookUpReverseName(address, resolvers, asking)),
      testPaths(lists, {
        ...asking,
        ...around,
        resolver,
        zoneToAsk: catalogue.zoneToAsk,
        pacing: createPacing({ ledger, limits: settings.config.limits }),
        now: world.now,
      }),
    ]);
    const unresolved = !probes.some(({ outcome }) => outcome.kind === 'honest' || outcome.kind === 'rewritten');
    const interception = interceptionFinding(answered, tests);
    return {
      tests,
      findings: [
        ...resolverFindings(probes, resolver),
        interception,
        reverseNameFinding(reverse),
        ...listFindings({
          lists,
          known: catalogue.lists,
          tests,
          reverse,
          explained: unresolved || interception.state === 'problem',
          rewriting: probes.some(({ outcome }) => outcome.kind === 'rewritten'),
        }),
      ],
    };
  } finally {
    transport.close();
    ledger.close();
  }
}
