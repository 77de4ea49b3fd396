import { refusalOf } from '../catalogue/codes.ts';
import type { ErrorClass, List, TargetKind } from '../catalogue/list.ts';
import type { Server } from '../dns/answer.ts';
import { plain } from '../output/plain.ts';
import { whyNotThrough } from '../scan/path.ts';
import { type RoundInput, runRound } from '../scan/round.ts';
import type { ControlReport, Health, PathName } from '../scan/verdict.ts';
import { rangeOf } from '../target.ts';
import { targetsIn } from '../targets/positions.ts';

/** What one path of a list came to; `not-asked`: our own rules forbid to ask there, `detail` says which. */
export type PathTest = {
  list: string;
  path: PathName;
  health: Health | 'not-asked';
  server: string | null;
  detail: string | null;
  controls: ControlReport[];
};

/** All that asking takes, and the paths that may be asked. */
export type PathSettings = Pick<
  RoundInput,
  'zoneToAsk' | 'ask' | 'resolver' | 'systemServers' | 'timeout' | 'pacing' | 'now' | 'signal' | 'findNameServers'
>;

/** An address of each kind and a name for documentation (RFC 5737, RFC 3849, RFC 2606): no list holds them. */
const UNLISTED: Record<TargetKind, string> = { ipv4: '192.0.2.1', ipv6: '2001:db8::1', domain: 'example.com' };

export function isGood(health: PathTest['health']): boolean {
  return health === 'healthy' || health === 'unproven';
}

/** How a list refused on a path; `rcode` is REFUSED; null where it did not. */
export function refusalIn(list: List, { health, detail }: PathTest): ErrorClass | 'rcode' | null {
  if (health !== 'refused') return null;
  // The codes are read by the list's own table once more: words may change, codes do not.
  const codes = detail?.match(/\b127(?:\.\d{1,3}){3}\b(?!:)/g) ?? [];
  return refusalOf(list, codes) ?? 'rcode';
}

/** Asks the controls of each list by every path it may be asked on; in the order of the lists, then of the paths. */
export async function testPaths(lists: readonly List[], settings: PathSettings): Promise<PathTest[]> {
  const fixed = lists.filter((list) => list.servers.length > 0 || list.retired !== null);
  const others = lists.filter((list) => !fixed.includes(list));
  const [ofFixed, ofOthers] = await Promise.all([testBy(fixed, 'servers', settings), testOthers(others, settings)]);
  const place = new Map(lists.map(({ id }, position) => [id, position]));
  return [...ofFixed, ...ofOthers].sort((one, other) => (place.get(one.list) ?? 0) - (place.get(other.list) ?? 0));
}

/** In `auto`, directly and then through the machine's resolver; an operator that refused us is not asked there again. */
async function testOthers(lists: readonly List[], settings: PathSettings): Promise<PathTest[]> {
  const { resolver, systemServers } = settings;
  if (typeof resolver !== 'string') return await testThrough(lists, 'host', [resolver.host], settings);
  if (resolver === 'system') return await testThrough(lists, 'system', systemServers(), settings);
  const direct = await testBy(lists, 'direct', { ...settings, resolver: 'direct' });
  if (resolver === 'direct') return direct;
  const ended = new Set<string>();
  for (const list of lists) {
    const test = direct.find((one) => one.list === list.id);
    const refusal = test === undefined ? null : refusalIn(list, test);
    if (refusal === 'over-limit' || refusal === 'not-registered' || refusal === 'rcode') ended.add(list.operator);
  }
  return [
    ...direct,
    ...(await testThrough(lists, 'system', systemServers(), { ...settings, resolver: 'system' }, ended)),
  ];
}

/** Through resolvers; lists that are not to be asked there are given back with the reason. */
async function testThrough(
  lists: readonly List[],
  name: 'system' | 'host',
  resolvers: Server[],
  settings: PathSettings,
  ended: ReadonlySet<string> = new Set(),
): Promise<PathTest[]> {
  const whyNot = (list: List): string | null =>
    ended.has(list.operator)
      ? 'its operator refused us on the direct path, which is not to be evaded'
      : whyNotThrough(list, name, resolvers);
  const asked = lists.filter((list) => whyNot(list) === null);
  const notAsked = lists.flatMap((list): PathTest[] => {
    const detail = whyNot(list);
    if (detail === null) return [];
    return [{ list: list.id, path: name, health: 'not-asked', server: null, detail, controls: [] }];
  });
  return [...(await testBy(asked, name, settings)), ...notAsked];
}

/** One round with a harmless target of each kind. */
async function testBy(lists: readonly List[], name: PathName, settings: PathSettings): Promise<PathTest[]> {
  if (lists.length === 0) return [];
  const kinds = (Object.keys(UNLISTED) as TargetKind[]).filter((kind) => lists.some((l) => l.accepts.includes(kind)));
  const targets = targetsIn(kinds.map((kind) => rangeOf(UNLISTED[kind])));
  const asked = new Map<string, { server: string | null; controls: ControlReport[] }>();
  const tests: PathTest[] = [];
  const round = runRound({
    ...settings,
    lists: [...lists],
    targets,
    txt: () => false,
    seenControls: new Set(),
    batchSize: targets.size,
  });
  for await (const event of round) {
    if (event.type === 'batch') {
      const before = asked.get(event.batch.list);
      asked.set(event.batch.list, {
        server: event.batch.server ?? before?.server ?? null,
        controls: [...(before?.controls ?? []), ...event.batch.controls],
      });
      continue;
    }
    const { id, health, detail, path } = event.report;
    const { server, controls } = asked.get(id) ?? { server: null, controls: [] };
    const test = { list: id, path: path ?? name, health, server, detail: detail === null ? null : plain(detail) };
    tests.push({ ...test, controls });
  }
  return tests;
}
