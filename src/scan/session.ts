import type { TargetKind } from '../catalogue/list.ts';
import type { Answer, QuestionType, Server } from '../dns/answer.ts';
import { queryName } from '../target.ts';
import {
  answeredText,
  type Control,
  type Judged,
  judgeClosing,
  judgeOpening,
  openingControls,
  randomControl,
  readControl,
  type Standing,
  type Trouble,
} from './controls.ts';
import { askOnce, type Line, worthRetrying } from './line.ts';
import type { Path } from './path.ts';
import type { ControlReport } from './verdict.ts';

/** Servers of one path that are tried before it is given up. */
const TRIES = 2;
/** Milliseconds; a failure that comes sooner has not been on the network. */
const AT_ONCE = 5;
/** Servers that the lookups of a batch are spread over, and the lookups that make another one worth its controls. */
const SPREAD = 3;
const SPREAD_FROM = 50;

/** What a lookup ends with when no reply came. */
const UNHEARD: ReadonlySet<string> = new Set(['timeout', 'network']);

export type OpenServer = {
  server: Server;
  standing: Standing;
  listed: Control;
  /** Time-outs in a row. */
  silent: number;
};

export type Referral = Extract<Answer, { kind: 'referral' }>;

/** What the closing controls say of the verdicts that one server gave. */
export type Closing = { cleans: 'good' | Trouble; listings: 'good' | Trouble };

export type Lookup = { answer: Answer; by: OpenServer | null };

/** One list, one kind of targets, one path: the servers whose controls are good, and their controls. */
export type Session = {
  path: Path;
  standing: Standing;
  /** Those that lookups may go to: their controls are as good as the first one's. */
  opened: readonly OpenServer[];
  /** Asks an opened server; after a time-out or SERVFAIL another one, all within one deadline. */
  lookup(name: string, type: QuestionType): Promise<Lookup>;
  /** Goes on with a lookup that the first server failed, `spent` ms after its beginning. */
  lookElsewhere(name: string, type: QuestionType, first: Lookup, spent: number): Promise<Lookup>;
  /** Whether a lookup that this server fails could be asked of another one. */
  hasOther(server: OpenServer): boolean;
  /** Calls with every opened server, those that are opened later too. */
  eachOpened(use: (server: OpenServer) => void): void;
  /** Asks the servers that gave cleans for their listed control, those that gave listings for a random one. */
  close(cleans: ReadonlySet<OpenServer>, listings: ReadonlySet<OpenServer>): Promise<Map<OpenServer, Closing>>;
  /** Every control asked so far. */
  controls: ControlReport[];
};

export type Opening =
  | { kind: 'open'; session: Session; spent: number }
  | { kind: 'referral'; referral: Referral; spent: number }
  | { kind: 'trouble'; trouble: Trouble; silent: boolean; spent: number; controls: ControlReport[] };

export type OpeningOptions = {
  kind: TargetKind;
  path: Path;
  /** Milliseconds for all tries of this path together with `later` paths. */
  budget: number;
  later: number;
  /** The listed control of RFC 5782 was seen to answer before. */
  seen: boolean;
  /** Lookups to come. */
  lookups: number;
  /** Servers that were silent last; asked only where there is no other. */
  silent: Set<Server>;
};

/** Opens a first server of the path: its opening controls, all at once; the next server if it fails to answer. */
export async function openSession(line: Line, options: OpeningOptions): Promise<Opening> {
  const { path, later, silent } = options;
  const controls: ControlReport[] = [];
  const servers = inOrder(path, silent);
  let tries = TRIES;
  let spent = 0;
  let last: Extract<Opening, { kind: 'trouble' }> | null = null;
  for (const [at, server] of servers.entries()) {
    const share = (options.budget - spent) / (Math.min(tries, servers.length - at) + later);
    const first = await openServer(line, options, server, share, controls);
    spent += first.spent;
    if (first.kind === 'referral') return { kind: 'referral', referral: first.referral, spent };
    if (first.kind === 'open') {
      const untried = servers.filter((other) => other !== server);
      return { kind: 'open', session: createSession(line, options, first.opened, untried, controls), spent };
    }
    last = { kind: 'trouble', trouble: first.trouble, silent: first.silent, spent, controls };
    if (!first.trouble.nextPath || first.trouble.health !== 'unreachable') break;
    // A machine without IPv6 knows at once that it cannot: that is no try.
    if (first.spent > AT_ONCE) tries -= 1;
    if (tries === 0) break;
  }
  return last ?? { kind: 'trouble', trouble: noServer(path), silent: true, spent, controls };
}

function noServer(path: Path): Trouble {
  const detail = path.name === 'direct' ? 'no name server found' : 'no server to ask';
  return { health: 'unreachable', why: 'list-unreachable', detail, nextPath: true, endsOperator: false };
}

type ServerOpening =
  | { kind: 'open'; opened: OpenServer; spent: number }
  | { kind: 'referral'; referral: Referral; spent: number }
  | { kind: 'trouble'; trouble: Trouble; silent: boolean; spent: number };

async function openServer(
  line: Line,
  { kind, path, seen, silent: avoided }: Pick<OpeningOptions, 'kind' | 'path' | 'seen' | 'silent'>,
  server: Server,
  deadline: number,
  reports: ControlReport[],
): Promise<ServerOpening> {
  const plan = openingControls(line.list, kind, seen);
  const ask = (control: Control): Promise<AskedControl> =>
    askControl(line, path, server, control, { deadline, purpose: 'lookup' });
  const first = await Promise.all(plan.map(ask));
  // A server that answers some of its controls is there: the network has lost the others.
  const lost = first.some(isUnheard) && !first.every(isUnheard);
  const asked = lost ? await Promise.all(first.map((one) => (isUnheard(one) ? ask(one.judged.control) : one))) : first;
  reports.push(...asked.map(({ report }) => report));
  const spent = Math.max(...first.map((one, at) => one.spent + (asked[at] === one ? 0 : (asked[at]?.spent ?? 0))));
  const referral = asked.map(({ answer }) => answer).find((answer) => answer.kind === 'referral');
  if (referral !== undefined && path.name === 'direct') return { kind: 'referral', referral, spent };
  const verdict = judgeOpening(
    asked.map(({ judged }) => judged),
    path.resolver,
  );
  const silent = asked.every(isUnheard);
  if (silent) avoided.add(server);
  else avoided.delete(server);
  if (typeof verdict !== 'string') return { kind: 'trouble', trouble: verdict, silent, spent };
  const listed = plan.find((control) => control.role === 'listed');
  if (listed === undefined) throw new Error('the opening controls lack the listed one');
  return { kind: 'open', opened: { server, standing: verdict, listed, silent: 0 }, spent };
}

type AskedControl = { judged: Judged; report: ControlReport; answer: Answer; spent: number };

/** Nothing was heard of the server itself. */
function isUnheard({ answer }: AskedControl): boolean {
  return answer.kind === 'failed' && UNHEARD.has(answer.why);
}

async function askControl(
  line: Line,
  path: Path,
  server: Server,
  control: Control,
  options: { deadline: number; purpose: 'lookup' | 'closing' },
): Promise<AskedControl> {
  const name = queryName(control.target, line.zone);
  const { answer, spent } = await askOnce(line, path, server, { name, type: 'A' }, options);
  const outcome = readControl(line.list, answer);
  const ttl = answer.kind === 'records' || answer.kind === 'absent' ? answer.ttl : null;
  const shown = queryName(control.target, line.list.zone);
  const report = { name: shown, role: control.role, answered: answeredText(outcome), at: answer.at, server, ttl };
  return { judged: { control, outcome }, report, answer, spent };
}

function createSession(
  line: Line,
  options: OpeningOptions,
  first: OpenServer,
  untried: Server[],
  controls: ControlReport[],
): Session {
  const { path, lookups } = options;
  const opened = [first];
  const openings = new Map<Server, Promise<OpenServer | null>>();
  const users: ((server: OpenServer) => void)[] = [];
  let turn = 0;

  /** Opens another server once for all who need it; one that proves less than the first is of no use. */
  const openNext = (deadline: number): Promise<OpenServer | null> => {
    const server = untried.shift();
    if (server === undefined) return [...openings.values()].at(-1) ?? Promise.resolve(null);
    const opening = openServer(line, options, server, deadline, controls).then(
      (result) => {
        if (result.kind !== 'open' || result.opened.standing !== first.standing) return null;
        opened.push(result.opened);
        for (const use of users) use(result.opened);
        return result.opened;
      },
      (error: unknown) => {
        if (line.signal.aborted) return null; // every lookup says so by itself
        throw error;
      },
    );
    openings.set(server, opening);
    return opening;
  };

  const pick = (tried: ReadonlySet<OpenServer>): OpenServer | undefined => {
    const candidates = opened.filter((server) => !tried.has(server));
    const least = Math.min(...candidates.map(({ silent }) => silent));
    const best = candidates.filter(({ silent }) => silent === least);
    turn += 1;
    return best[turn % best.length];
  };

  const goOn = async (
    name: string,
    type: QuestionType,
    begun: { tried: Set<OpenServer>; left: number; last: Lookup | null },
  ): Promise<Lookup> => {
    const { tried } = begun;
    let { left, last } = begun;
    while (left > 0) {
      let server = pick(tried);
      if (server === undefined) {
        const started = performance.now();
        server = (await openNext(left / 2)) ?? undefined;
        left -= performance.now() - started;
        if (server === undefined || tried.has(server) || left <= 0) break;
      }
      const more = untried.length > 0 || opened.length > tried.size + 1;
      const deadline = more ? left / 2 : left;
      const { answer, spent } = await askOnce(
        line,
        path,
        server.server,
        { name, type },
        { deadline, purpose: 'lookup' },
      );
      left -= spent;
      last = { answer, by: server };
      if (!worthRetrying(answer)) {
        server.silent = 0;
        return last;
      }
      server.silent += 1;
      tried.add(server);
    }
    if (last === null) throw new Error('a session without a server');
    return last;
  };

  const closeServer = async (server: OpenServer, control: Control): Promise<'good' | Trouble> => {
    if (line.operator.ended !== null) return endedTrouble(line.operator.ended);
    const close = { deadline: line.timeout, purpose: 'closing' } as const;
    let asked = await askControl(line, path, server.server, control, close);
    // What answered a moment ago is asked once more before a whole batch is thrown away.
    if (isUnheard(asked)) asked = await askControl(line, path, server.server, control, close);
    controls.push(asked.report);
    return judgeClosing(asked.judged, path.resolver);
  };

  // Not waited for: a silent second server is no reason to let the first one idle.
  const spread = path.resolver ? 1 : Math.min(SPREAD, lookups / SPREAD_FROM);
  for (let more = 1; more < spread; more += 1) void openNext(line.timeout / 2);

  return {
    path,
    standing: first.standing,
    opened,
    controls,
    lookup: (name, type) => goOn(name, type, { tried: new Set(), left: line.timeout, last: null }),
    lookElsewhere(name, type, first, spent) {
      const tried = new Set(first.by === null ? [] : [first.by]);
      return goOn(name, type, { tried, left: line.timeout - spent, last: first });
    },
    hasOther: (server) => untried.length > 0 || opened.some((other) => other !== server),
    eachOpened(use) {
      users.push(use);
      for (const server of opened) use(server);
    },
    async close(cleans, listings) {
      await Promise.all(openings.values());
      const servers = [...new Set([...cleans, ...listings])];
      const closings = servers.map(async (server): Promise<[OpenServer, Closing]> => {
        const proving = cleans.has(server) && server.standing === 'healthy';
        const good = Promise.resolve('good' as const);
        const [ofCleans, ofListings] = await Promise.all([
          proving ? closeServer(server, server.listed) : good,
          listings.has(server) ? closeServer(server, randomControl(options.kind)) : good,
        ]);
        return [server, { cleans: ofCleans, listings: ofListings }];
      });
      return new Map(await Promise.all(closings));
    },
  };
}

export function endedTrouble(detail: string): Trouble {
  return { health: 'refused', why: 'list-refused', detail, nextPath: false, endsOperator: true };
}

/**
 * Name servers at random, so that none gets all questions, IPv6 after IPv4; resolvers in the order of the machine's
 * configuration. Those that were silent come last.
 */
function inOrder({ servers, resolver }: Path, silent: ReadonlySet<Server>): Server[] {
  const place = (server: Server, at: number): number =>
    resolver ? at / servers.length : (server.startsWith('[') ? 2 : 0) + Math.random();
  return servers
    .map((server, at) => ({ server, order: place(server, at) + (silent.has(server) ? 4 : 0) }))
    .sort((a, b) => a.order - b.order)
    .map(({ server }) => server);
}
