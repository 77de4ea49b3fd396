import type { Answer } from '../dns/answer.ts';
import type { AskMany, BulkType } from '../dns/bulk.ts';
import { queryName } from '../target.ts';
import type { Targets } from '../targets/positions.ts';
import { checked, type Line, worthRetrying } from './line.ts';
import { isTrouble, type Sessions } from './proof.ts';
import type { Lookup, OpenServer, Session } from './session.ts';
import { conclude, type Reading, readTarget, type TargetOptions, wantsText } from './target.ts';
import type { Walk } from './walk.ts';

/** On the way at first; as many more as were answered, so that a list that refuses or is silent is not asked much. */
const FIRST = 20;
/** For no more targets, sockets for each server would cost more than they spare: half of a check of one address. */
const FEW = 4;
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
  /** Listings whose text is to be asked for, and those whose text is wanted, by position. */
  const texts: number[] = [];
  const listings = new Map<number, Reading>();
  let open = 0;
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
    const isWorse = (server: OpenServer): boolean => {
      for (const other of servers) if (server.silent > other.silent + SILENT_BEYOND) return true;
      return false;
    };
    const by = (place: number): OpenServer => {
      const server = servers[place];
      if (server === undefined) throw new RangeError(`no server ${place}`);
      return server;
    };
    const closed = (): void => {
      open -= 1;
      if (held) handle.wake();
      if (open === 0 && over) end(resolve);
    };
    const concluded = (reading: Reading, text: Answer | null): void => {
      walk.asked(conclude(line, session, reading, text));
      if (reading.verdict.kind !== 'unknown') answers += 1;
      closed();
    };

    const heard = (token: number, lookup: Lookup): void => {
      const position = positionOf(token);
      const listing = listings.get(position);
      if (listing !== undefined) {
        listings.delete(position);
        concluded(listing, lookup.answer);
        return;
      }
      const target = options.targets.at(position);
      const reading = readTarget(line, session, { target, position }, [{ named: target, lookup }]);
      if (!wantsText(line, reading, options)) {
        concluded(reading, null);
        return;
      }
      listings.set(position, reading);
      texts.push(position);
      handle.wake();
    };

    const receive = async (token: number, place: number, answer: Answer, spent: number): Promise<void> => {
      const first = { answer: checked(answer, session.path), by: by(place) };
      if (!worthRetrying(first.answer)) {
        first.by.silent = 0;
        heard(token, first);
        return;
      }
      const name = queryName(options.targets.at(positionOf(token)), line.zone);
      const lookup = await session.lookElsewhere(name, typeOf(token), first, spent);
      if (lookup === first) first.by.silent += 1;
      else first.by.silent = 0;
      heard(token, lookup);
    };

    const handle = askMany({
      zone: line.zone,
      questions: options.targets.size,
      recursionDesired: session.path.resolver,
      authoritative: session.path.name === 'direct',
      next(place) {
        const worse = isWorse(by(place));
        const text = worse ? undefined : texts.pop();
        if (text !== undefined) return textOf(text);
        held = open >= FIRST + answers || worse;
        if (over || held) return -1;
        const position = walk.take();
        if (position === -1) {
          over = true;
          if (open === 0) end(resolve);
          return -1;
        }
        open += 1;
        return addressOf(position);
      },
      typeOf,
      addressOf: (token) => options.targets.addressAt(positionOf(token)),
      deadline: (place) => (session.hasOther(by(place)) ? line.timeout / 2 : line.timeout),
      absent(token, place, quick) {
        const from = by(place);
        from.silent = 0;
        answers += 1;
        line.operator.answered();
        walk.clean(positionOf(token), from, line.now().getTime(), quick.ttl, quick.rcode);
        closed();
      },
      answered(token, place, answer, spent) {
        receive(token, place, answer, spent).catch((error: unknown) => end(() => reject(error)));
      },
    });
    line.signal.addEventListener('abort', abort);
    session.eachOpened((server) => {
      servers.push(server);
      handle.add(server.server);
    });
  });
}

/** Tokens of the transport: of each position one for the address, and one for the text of its listing. */
const addressOf = (position: number): number => 2 * position;
const textOf = (position: number): number => 2 * position + 1;
const positionOf = (token: number): number => Math.floor(token / 2);
const typeOf = (token: number): BulkType => (token % 2 === 0 ? 'A' : 'TXT');
