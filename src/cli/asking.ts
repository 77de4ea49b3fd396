import { systemServers } from '../dns/resolvers.ts';
import { openTransport } from '../dns/transport.ts';
import { createPacing, type Pacing } from '../scan/pacing.ts';
import type { Means } from '../scan/round.ts';
import { stateLedger } from './ledger.ts';
import type { Settings } from './options.ts';
import type { World } from './world.ts';

/** How operators are paced; `close` puts down what is still to be counted. */
export type Pace = (settings: Settings, world: World) => { pacing: Pacing; close(): Promise<void> | void };

/** Within the limits of this process, and of the day as the state folder knows it. */
const alone: Pace = ({ config: { places, limits } }, { now }) => {
  const ledger = stateLedger(places.state);
  return { pacing: createPacing({ ledger, limits, now }), close: ledger.close };
};

/** Gives `use` transport and pacing, and closes them whatever becomes of it. */
export async function withAsking<T>(
  settings: Settings,
  world: World,
  use: (means: Means) => Promise<T>,
  pace: Pace = alone,
): Promise<T> {
  const transport = openTransport({ now: world.now });
  const { pacing, close } = pace(settings, world);
  try {
    return await use({
      zoneToAsk: settings.catalogue.zoneToAsk,
      ask: transport.ask,
      askMany: transport.askMany,
      resolver: settings.resolver,
      systemServers,
      timeout: settings.timeout,
      pacing,
      now: world.now,
      signal: world.signal,
    });
  } finally {
    transport.close();
    await close();
  }
}
