import type { Answer } from '../dns/answer.ts';
import type { AskMany } from '../dns/bulk.ts';
import { queryName, type Target } from '../target.ts';
import type { Targets } from '../targets/positions.ts';
import { checked, type Line, worthRetrying } from './line.ts';
import { isTrouble, type Sessions } from './proof.ts';
import type { OpenServer, Session } from './session.ts';
import { readTarget, type TargetOptions } from './target.ts';
import type { Walk } from './walk.ts';

/** On the way at first; as many more as were answered, so that a list that refuses or is silent is not asked much. */
const FIRST = 20;
/** For no more targets, sockets for each server would cost more than they spare: half of a check of one address. */
const FEW = 4;
/** Listings whose text is being asked for, at one time. */
const TEXTS = 20;
/** Time-outs in a row that a server may have beyond the others before it gets no more questions. */
const SILENT_BEYOND = 3;

export type BulkOptions = TargetOptions & { targets: Targets; from: number; to: number; sessions: Sessions };

/** The session through which all targets of the batch can be asked in bulk; null where they are to be asked one by one. */
export function bulkSession(line: Line, { targets, from, to, sessions }: BulkOptions): Session | null {
  if (line.askMany === null || !line.gate.free || to - from <= FEW) return null;
  const kinds = new Set(targets.kinds(from, to).map((span) => span.kind));
  const [kind, other] = [...kinds].filter((one) => line.list.accepts.includes(one));
  if (kind === undefined || kind === 'domain' || other !== undefined) return null;
  const session = sessions.get(kind);
  return session === undefined || isTrouble(session) ? null : session;
}

/** Asks what the walk has, as fast as the servers answer: a clean costs no object, everything else is read as always. */
export function askInBulk(
  line: Line,
  askMany: AskMany,
  session: Session,
  walk: Walk,
  options: BulkOptions,
): Promise<void> {
  /** In the order in which the transport knows them. */
  const servers: OpenServer[] = [];
  let open = 0;
  let texts = 0;
  let answers = 0;
  let held = false;
  let over = false;

  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      handle.stop();
      line.signal.removeEventListener('abort', abort);
      settle();
    };
    const abort = (): void => end(() => reject(line.signal.reason));
    const closed = (): void => {
      open -= 1;
      if (held) handle.wake();
      if (open === 0 && over) end(resolve);
    };
    const isWorse = (server: OpenServer): boolean => {
      for (const other of servers) if (server.silent > other.silent + SILENT_BEYOND) return true;
      return false;
    };
    const by = (place: number): OpenServer => {
      const server = servers[place];
      if (server === undefined) throw new RangeError(`no server ${place}`);
      return server;
    };

    const read = async (position: number, place: number, answer: Answer, spent: number): Promise<void> => {
      const target: Target = options.targets.at(position);
      const name = queryName(target, line.zone);
      const first = { answer: checked(answer, session.path), by: by(place) };
      const lookup = worthRetrying(first.answer) ? await session.lookElsewhere(name, first, spent) : first;
      if (lookup === first && worthRetrying(first.answer)) first.by.silent += 1;
      else first.by.silent = 0;
      texts += 1;
      const asked = await readTarget(line, session, { target, position }, [{ named: target, lookup }], options);
      texts -= 1;
      walk.asked(asked);
      if (asked.draft.result.verdict.kind !== 'unknown') answers += 1;
      closed();
    };

    const handle = askMany({
      zone: line.zone,
      questions: options.targets.size,
      recursionDesired: session.path.resolver,
      authoritative: session.path.name === 'direct',
      next(place) {
        held = open >= FIRST + answers || texts >= TEXTS || isWorse(by(place));
        if (over || held) return -1;
        const position = walk.take();
        if (position === -1) {
          over = true;
          if (open === 0) end(resolve);
        } else open += 1;
        return position;
      },
      addressOf: options.targets.addressAt,
      deadline: (place) => (session.hasOther(by(place)) ? line.timeout / 2 : line.timeout),
      absent(position, place, quick) {
        const from = by(place);
        from.silent = 0;
        answers += 1;
        line.operator.answered();
        walk.clean(position, from, line.now().getTime(), quick.ttl, quick.rcode);
        closed();
      },
      answered(position, place, answer, spent) {
        read(position, place, answer, spent).catch((error: unknown) => end(() => reject(error)));
      },
    });
    line.signal.addEventListener('abort', abort);
    session.eachOpened((server) => {
      servers.push(server);
      handle.add(server.server);
    });
  });
}
