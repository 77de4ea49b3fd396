import { systemServers } from '../dns/resolvers.ts';
import { openTransport } from '../dns/transport.ts';
import { createPacing } from '../scan/pacing.ts';
import type { RoundInput } from '../scan/round.ts';
import { stateLedger } from './ledger.ts';
import type { Settings } from './options.ts';
import type { World } from './world.ts';

/** The part of a round that the machine and the settings decide. */
type Asking = Pick<
  RoundInput,
  'zoneToAsk' | 'ask' | 'resolver' | 'systemServers' | 'timeout' | 'pacing' | 'now' | 'signal'
>;

/** Gives `use` transport, limits and ledger, and closes them whatever becomes of it. */
export async function withAsking<T>(settings: Settings, world: World, use: (asking: Asking) => Promise<T>): Promise<T> {
  const transport = openTransport({ now: world.now });
  const ledger = stateLedger(settings.config.places.state);
  try {
    return await use({
      zoneToAsk: settings.catalogue.zoneToAsk,
      ask: transport.ask,
      resolver: settings.resolver,
      systemServers: systemServers(),
      timeout: settings.timeout,
      pacing: createPacing({ ledger, limits: settings.config.limits, now: world.now }),
      now: world.now,
      signal: world.signal,
    });
  } finally {
    transport.close();
    ledger.close();
  }
}
