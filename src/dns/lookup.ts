import type { Answer, Ask, QuestionType, Server } from './answer.ts';

/** Asks a resolver one question; never throws for what DNS says. */
export type Lookup = (name: string, type: QuestionType) => Promise<Answer>;

/**
 * Asks the machine's resolvers, the next one where the first gives no answer. Each question is asked once: what is
 * looked at from several sides must look the same from each.
 *
 * @param servers At least one.
 */
export function resolverLookup(
  ask: Ask,
  servers: readonly [Server, ...Server[]],
  { deadline, signal }: { deadline: number; signal?: AbortSignal },
): Lookup {
  const options = { deadline, recursionDesired: true, signal };
  const askAll = async (name: string, type: QuestionType): Promise<Answer> => {
    const [first, ...others] = servers;
    let answer = await ask(first, { name, type }, options);
    for (const server of others) {
      if (answer.kind !== 'failed') break;
      answer = await ask(server, { name, type }, options);
    }
    return answer;
  };
  return askedOnce(askAll, (name, type) => `${type} ${name.toLowerCase()}`);
}

/** Gives the first answer to a question again, as long as it is held. */
export function askedOnce<Question extends unknown[], Answered>(
  ask: (...question: Question) => Promise<Answered>,
  keyOf: (...question: Question) => string,
): (...question: Question) => Promise<Answered> {
  const asked = new Map<string, Promise<Answered>>();
  return (...question) => {
    const key = keyOf(...question);
    const answer = asked.get(key) ?? ask(...question);
    asked.set(key, answer);
    return answer;
  };
}
