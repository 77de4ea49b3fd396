import type { Answer, Ask, Question, Server } from './answer.ts';
import { parseServer } from './resolvers.ts';

export type FindOptions = {
  /** Milliseconds for everything together. */
  deadline: number;
  signal?: AbortSignal | undefined;
};

/**
 * The authoritative servers of the zone that holds this name, IPv4 first; empty where none are found. NS records are
 * asked for through the resolvers, at the name and then upwards to the registered domain, for a list's zone is often
 * just names in its operator's. Such servers may refer further down; referrals are the caller's to follow.
 */
export async function findNameServers(
  zone: string,
  ask: Ask,
  resolvers: readonly Server[],
  { deadline, signal }: FindOptions,
): Promise<Server[]> {
  const endsAt = performance.now() + deadline;
  let inOrder = resolvers;
  const askAny = async (question: Question): Promise<Answer | null> => {
    const asked = inOrder;
    for (const [at, resolver] of asked.entries()) {
      const left = endsAt - performance.now();
      if (left <= 0) return null;
      // The last one gets all that is left, a silent one before it no more than its share.
      const share = left / (asked.length - at);
      const answer = await ask(resolver, question, { deadline: share, recursionDesired: true, signal });
      if (answer.kind !== 'records' && answer.kind !== 'absent') continue;
      inOrder = [resolver, ...resolvers.filter((other) => other !== resolver)];
      return answer;
    }
    return null;
  };

  for (const name of await namesUpToRegistered(zone)) {
    const answer = await askAny({ name, type: 'NS' });
    // NS records reached through a CNAME serve another zone, not the names below this one.
    const hosts = recordsOf(answer).filter((record) => record.name === name);
    if (hosts.length === 0) continue;
    const questions = hosts.flatMap(({ data }): Question[] => [
      { name: data, type: 'A' },
      { name: data, type: 'AAAA' },
    ]);
    const answers = await Promise.all(questions.map(askAny));
    const addresses = answers.flatMap((found) => recordsOf(found).map((record) => record.data));
    return nameServersAt(addresses);
  }
  return [];
}

/** Name servers at these addresses, IPv4 first; those that no machine can have are left out. */
export function nameServersAt(addresses: readonly string[]): Server[] {
  const usable = addresses.filter((address) => !/^(0\.|::$|2(2[4-9]|[345]\d)\.|ff..:)/.test(address));
  const v4 = usable.filter((address) => !address.includes(':'));
  const v6 = usable.filter((address) => address.includes(':'));
  return [...new Set([...v4, ...v6].map((address) => parseServer(address)))];
}

function recordsOf(answer: Answer | null): { name: string; data: string }[] {
  return answer?.kind === 'records' ? answer.records : [];
}

/** `a.bl.example.org` → itself, `bl.example.org`, `example.org`. */
async function namesUpToRegistered(zone: string): Promise<string[]> {
  // The list of public suffixes costs 25 ms at start, and only this path needs it.
  const { getDomain } = await import('tldts');
  const registered = getDomain(zone);
  const labels = zone.toLowerCase().replace(/\.$/, '').split('.');
  const names = labels.map((_label, at) => labels.slice(at).join('.'));
  return registered === null ? names.slice(0, 1) : names.filter((name) => name.length >= registered.length);
}
