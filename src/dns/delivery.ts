import type { Answer, Ask, FailureWhy } from './answer.ts';
import type { Bulk } from './bulk.ts';
import type { Flight } from './flights.ts';
import { nameIn } from './query.ts';
import { answerOf, readQuick } from './quick.ts';
import { type Asked, failure, isUndecodable, readMessage } from './reading.ts';
import type { TransportStats } from './transport.ts';

/** How bulk questions hear what came of them, once they are no longer on their way. */
export type Delivery = {
  /** The reply to it, at `at` in performance.now(). */
  reply(flight: Flight<Bulk>, message: Buffer, at: number): void;
  failed(flight: Flight<Bulk>, why: FailureWhy, detail: string): void;
};

export function createDelivery({
  stats,
  now,
  ask,
}: {
  stats: TransportStats;
  now: () => Date;
  /** For replies that are truncated. */
  ask: Ask;
}): Delivery {
  function askedOf({ asker, query, type }: Flight<Bulk>): Asked {
    const { recursionDesired } = asker.bulk;
    return {
      server: asker.lane.state.server,
      at: now(),
      question: { name: nameIn(query), type },
      recursionDesired,
    };
  }

  /** The way that goes over TCP. */
  async function askAgain({ asker, token, startedAt }: Flight<Bulk>, asked: Asked, left: number): Promise<void> {
    const { server, question, recursionDesired } = asked;
    const answer = await ask(server, question, { deadline: Math.max(1, left), recursionDesired });
    if (!asker.stopped) asker.bulk.answered(token, asker.place, answer, performance.now() - startedAt);
  }

  function answered({ asker, token, startedAt }: Flight<Bulk>, answer: Answer, at: number): void {
    asker.bulk.answered(token, asker.place, answer, at - startedAt);
  }

  return {
    reply(flight, message, at) {
      const { bulk, place } = flight.asker;
      const quick = flight.type === 'A' ? readQuick(message, flight.length) : null;
      if (quick?.kind === 'absent' && (quick.authoritative || !bulk.authoritative)) {
        bulk.absent(flight.token, place, quick);
        return;
      }
      const asked = askedOf(flight);
      const answer = quick === null ? readMessage(asked, message) : answerOf(asked, quick);
      if (answer === null) {
        void askAgain(flight, asked, flight.endsAt - at);
        return;
      }
      if (isUndecodable(answer)) stats.undecodable += 1;
      answered(flight, answer, at);
    },
    failed: (flight, why, detail) => answered(flight, failure(askedOf(flight), why, detail), performance.now()),
  };
}
