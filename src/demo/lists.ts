import type { ListDefinition } from '../catalogue/list.ts';
import { kindOf, queryName } from '../target.ts';
import { SIMULATED } from './definitions.ts';
import { type Mood, serveZone, type Zone } from './server.ts';

/** A set of lists that are really asked, over DNS on loopback, and whose data can be changed meanwhile. */
export type SimulatedLists = {
  /** For the catalogue; `servers` names where each list listens. */
  definitions: ListDefinition[];
  /** Puts a target on a list; once more with another code recodes it. */
  put(list: string, target: string, code: string, text: string): void;
  remove(list: string, target: string): void;
  mood(list: string, mood: Mood): void;
  close(): Promise<void>;
};

/** Starts one DNS server a list. Lists with a known control hold it from the start. */
export async function startSimulatedLists(definitions = SIMULATED): Promise<SimulatedLists> {
  const zones = new Map<string, Zone>();
  const running = await Promise.all(
    definitions.map(async (definition) => {
      const zone: Zone = { name: definition.zone, entries: new Map(), mood: 'keeping' };
      for (const target of listedControls(definition))
        zone.entries.set(nameOf(target, zone), { code: '127.0.0.2', text: 'test entry' });
      zones.set(definition.id, zone);
      return { definition, server: await serveZone(zone) };
    }),
  );

  const zoneOf = (list: string): Zone => {
    const zone = zones.get(list);
    if (zone === undefined) throw new Error(`no simulated list ${list}`);
    return zone;
  };

  return {
    definitions: running.map(({ definition, server }) => ({ ...definition, servers: [server.address] })),
    put(list, target, code, text) {
      const zone = zoneOf(list);
      zone.entries.set(nameOf(target, zone), { code, text });
    },
    remove(list, target) {
      const zone = zoneOf(list);
      zone.entries.delete(nameOf(target, zone));
    },
    mood(list, mood) {
      zoneOf(list).mood = mood;
    },
    async close() {
      await Promise.all(running.map(({ server }) => server.close()));
    },
  };
}

const nameOf = (target: string, zone: Zone): string => queryName({ kind: kindOf(target), text: target }, zone.name);

function listedControls({ control = {} }: ListDefinition): string[] {
  const each = 'listed' in control || 'notListed' in control ? [control] : Object.values(control);
  return each.flatMap((one) => ('listed' in one && one.listed !== undefined ? [one.listed] : []));
}
