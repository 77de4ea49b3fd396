import type { List, TargetKind } from '../catalogue/list.ts';
import { systemServers } from '../dns/resolvers.ts';
import { openTransport } from '../dns/transport.ts';
import { type ExitStatus, FAILED } from '../exit.ts';
import { columns } from '../output/columns.ts';
import { plain } from '../output/plain.ts';
import { createPacing } from '../scan/pacing.ts';
import type { ResolverSetting } from '../scan/path.ts';
import { runRound } from '../scan/round.ts';
import type { ControlReport, Health } from '../scan/verdict.ts';
import type { Target } from '../target.ts';
import { stateLedger } from './ledger.ts';
import { type CommonOptions, formatOf, listsToAsk, type Settings, settingsOf } from './options.ts';
import type { World } from './world.ts';

/** What one path of a list came to. */
export type PathTest = {
  list: string;
  path: string;
  health: Health;
  server: string | null;
  detail: string | null;
  controls: ControlReport[];
};

/** Addresses and a name for documentation (RFC 5737, RFC 3849, RFC 2606): no list holds them. */
const UNLISTED: Record<TargetKind, string> = { ipv4: '192.0.2.1', ipv6: '2001:db8::1', domain: 'example.com' };

/** Asks the controls of each list by each of its paths. */
export async function testControls(options: CommonOptions, world: World): Promise<ExitStatus> {
  const format = formatOf(options.format, ['table', 'json']);
  const settings = await settingsOf(options, world);
  const lists = listsToAsk(settings, options.lists);
  const tests = await testPaths(settings, lists, world);
  if (format === 'json') world.out(`${JSON.stringify({ version: 1, tests }, null, 2)}\n`);
  else world.out(renderTests(tests, settings));
  const works = (list: List): boolean =>
    list.retired !== null || tests.some((test) => test.list === list.id && isGood(test.health));
  return lists.every(works) ? 0 : FAILED;
}

export function isGood(health: Health): boolean {
  return health === 'healthy' || health === 'unproven';
}

/** One round by every path that the lists may be asked on. */
export async function testPaths(settings: Settings, lists: List[], world: World): Promise<PathTest[]> {
  const servers = lists.filter((list) => list.servers.length > 0 || list.retired !== null);
  const others = lists.filter((list) => !servers.includes(list));
  const resolvers: ResolverSetting[] = settings.resolver === 'auto' ? ['direct', 'system'] : [settings.resolver];
  const rounds = [
    ...(servers.length > 0 ? [testBy(settings, servers, settings.resolver, world)] : []),
    ...(others.length > 0 ? resolvers.map((resolver) => testBy(settings, others, resolver, world)) : []),
  ];
  const place = new Map(lists.map(({ id }, position) => [id, position]));
  const tests = (await Promise.all(rounds)).flat();
  return tests.sort((one, other) => (place.get(one.list) ?? 0) - (place.get(other.list) ?? 0));
}

async function testBy(settings: Settings, lists: List[], resolver: ResolverSetting, world: World): Promise<PathTest[]> {
  const kinds = (Object.keys(UNLISTED) as TargetKind[]).filter((kind) => lists.some((l) => l.accepts.includes(kind)));
  const targets = kinds.map((kind): Target => ({ kind, text: UNLISTED[kind] }));
  const transport = openTransport();
  const ledger = stateLedger(settings.config.places.state);
  const controls = new Map<string, { server: string | null; controls: ControlReport[] }>();
  const tests: PathTest[] = [];
  try {
    const round = runRound({
      lists,
      zoneToAsk: settings.catalogue.zoneToAsk,
      targets: {
        size: targets.length,
        at: (position) => targets[position] ?? { kind: 'ipv4', text: UNLISTED.ipv4 },
      },
      ask: transport.ask,
      resolver,
      systemServers: systemServers(),
      timeout: settings.timeout,
      pacing: createPacing({ ledger, limits: settings.config.limits }),
      now: world.now,
      signal: world.signal,
      txt: () => false,
      seenControls: new Set(),
      batchSize: targets.length,
    });
    for await (const event of round) {
      if (event.type === 'batch') {
        const before = controls.get(event.batch.list);
        controls.set(event.batch.list, {
          server: event.batch.server ?? before?.server ?? null,
          controls: [...(before?.controls ?? []), ...event.batch.controls],
        });
        continue;
      }
      const { id, health, detail } = event.report;
      const fallback = typeof resolver === 'string' ? resolver : 'host';
      const asked = controls.get(id);
      tests.push({
        list: id,
        path: event.report.path ?? fallback,
        health,
        server: asked?.server ?? null,
        detail: detail === null ? null : plain(detail),
        controls: asked?.controls ?? [],
      });
    }
  } finally {
    transport.close();
    ledger.close();
  }
  return tests;
}

function renderTests(tests: PathTest[], { paint }: Settings): string {
  const rows = tests.map(({ list, path, health, server, detail }) => [
    list,
    path,
    isGood(health) ? paint.good(health) : paint.warn(health),
    server ?? '-',
    detail ?? '',
  ]);
  return columns([['LIST', 'PATH', 'HEALTH', 'SERVER', ''], ...rows]);
}
