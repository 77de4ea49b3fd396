import { randomBytes } from 'node:crypto';
import type { Answer, Ask, Server } from '../dns/answer.ts';
import { publicResolverOf, upstreamServers } from '../dns/resolvers.ts';
import type { ResolverSetting } from '../scan/path.ts';
import { type Finding, note, ok, problem } from './finding.ts';
import type { PathTest } from './paths.ts';

/** What a resolver made of a name that does not exist. `rewritten`: it invented records for it. */
export type ResolverProbe = {
  server: Server;
  /** The operator, where it is a public resolver or forwards to one. */
  publicOf: string | null;
  /** The servers behind it, where it is systemd's. */
  upstreams: Server[];
  outcome:
    | { kind: 'honest' }
    | { kind: 'rewritten'; answered: string }
    | { kind: 'refused' }
    | { kind: 'failed'; detail: string };
};

type Asking = { ask: Ask /** Milliseconds. */; timeout: number; signal?: AbortSignal };

/** Asks each resolver for a random name under example.com (RFC 2606), where nobody makes names. */
export async function probeResolvers(servers: readonly Server[], asking: Asking): Promise<ResolverProbe[]> {
  return await Promise.all(
    servers.map(async (server): Promise<ResolverProbe> => {
      const answer = await askNothing(server, asking);
      const upstreams = upstreamServers(server).filter((upstream) => upstream !== server);
      return { server, publicOf: publicResolverOf(server), upstreams, outcome: outcomeOf(answer) };
    }),
  );
}

/**
 * Asks an address where no name server can be. An answer shows that somebody in between answers in the place of
 * whoever is asked; null: none came, as it should be.
 */
export async function probeNowhere(nowhere: Server, asking: Asking): Promise<string | null> {
  const answer = await askNothing(nowhere, asking);
  if (answer.kind === 'failed' && answer.rcode === '') return null;
  return answer.rcode;
}

function askNothing(server: Server, { ask, timeout, signal }: Asking): Promise<Answer> {
  const name = `${randomBytes(8).toString('hex')}.example.com`;
  return ask(server, { name, type: 'A' }, { deadline: timeout, recursionDesired: true, signal });
}

function outcomeOf(answer: Answer): ResolverProbe['outcome'] {
  if (answer.kind === 'absent') return { kind: 'honest' };
  if (answer.kind === 'records')
    return { kind: 'rewritten', answered: answer.records.map(({ data }) => data).join(' ') };
  if (answer.kind === 'referral') return { kind: 'failed', detail: 'it does not recurse' };
  return answer.why === 'refused' ? { kind: 'refused' } : { kind: 'failed', detail: answer.detail };
}

/** One line for each resolver, and none for what another line says already. */
export function resolverFindings(probes: readonly ResolverProbe[], setting: ResolverSetting): Finding[] {
  const given = typeof setting !== 'string';
  if (probes.length === 0) {
    const fix = 'run a resolver of your own (such as unbound) and name it in /etc/resolv.conf: nameserver 127.0.0.1';
    return [problem('resolver', 'this machine has no resolver in /etc/resolv.conf', fix)];
  }
  return probes.map((probe): Finding => {
    const { server, outcome } = probe;
    const named = `${server}${probe.upstreams.length > 0 ? ` (forwards to ${probe.upstreams.join(', ')})` : ''}`;
    if (outcome.kind === 'rewritten')
      return problem(
        'resolver',
        `${named} invents ${outcome.answered} for names that do not exist, so it makes every list look like a wildcard`,
        given
          ? 'give an honest resolver with --resolver, best one of your own'
          : "turn off its NXDOMAIN rewriting (a provider's search help, a filter), or run a resolver of your own",
      );
    if (outcome.kind === 'refused')
      return problem(
        'resolver',
        `${named} refuses to resolve for this machine (REFUSED)`,
        "allow this machine's address in that resolver's access control",
      );
    if (outcome.kind === 'failed')
      return problem(
        'resolver',
        `${named} does not resolve: ${outcome.detail}`,
        given
          ? 'start that resolver, or give another with --resolver'
          : 'start that resolver, or name another in /etc/resolv.conf',
      );
    if (probe.publicOf !== null)
      return note(
        'resolver',
        `${named} is a public resolver (${probe.publicOf}): lists that refuse such are not asked through it`,
      );
    return ok('resolver', `${named} resolves, rewrites nothing and is no public resolver that we know`);
  });
}

/** Whether somebody answers in the place of name servers: seen at an address without any, or by the engine at a list's. */
export function interceptionFinding(answered: string | null, tests: readonly PathTest[]): Finding {
  const fix =
    "have the firewall, router or provider stop redirecting this machine's DNS, or give a resolver on another port with --resolver HOST:PORT";
  if (answered !== null) {
    const line = `port 53 is intercepted: an address without any name server answered ${answered}, so no list can be asked directly`;
    return problem('port-53', line, fix);
  }
  const met = tests.find(({ path, detail }) => path === 'direct' && detail?.includes('port 53 is intercepted'));
  if (met !== undefined) return problem('port-53', `port 53 is intercepted (${met.list}: ${met.detail})`, fix);
  return ok('port-53', 'nobody was seen to answer in the place of name servers');
}
