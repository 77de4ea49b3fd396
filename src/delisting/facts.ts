import type { Code, Delisting, List } from '../catalogue/list.ts';

/** Who has to act before a listing ends. */
export type Actor = 'you' | 'anyone' | 'provider' | 'as-operator' | 'nobody' | 'unknown';

/** A code as it was seen, and what the table of its list called it. */
export type SeenLabel = { code: string; label: string };

/** The table's entry that a seen code was read by: its own, else (ranges, masks) the one with its label. */
export function definitionOf(list: List, seen: SeenLabel): Code | undefined {
  const exact = list.codes[seen.code];
  return exact?.label === seen.label ? exact : Object.values(list.codes).find((code) => code.label === seen.label);
}

/**
 * What applies to one code: its own facts over those of the list. A code with a method of its own is left on another
 * way than the list, so who may act and how long it takes are not taken over from the list.
 */
export function factsOf(list: List, code: Delisting | undefined): Delisting {
  const general = list.delisting;
  if (code?.method === undefined || code.method === general.method) return { ...general, ...code };
  const { by: _by, autoExpiry: _expiry, usualTime: _time, requires: _requires, note: _note, ...shared } = general;
  return { ...shared, ...code };
}

/** The ways off a list that somebody has to ask for. */
export const isAskedFor = (facts: Delisting): boolean =>
  facts.method === 'self-service' || facts.method === 'form' || facts.method === 'email';

export function actorOf(list: List, facts: Delisting): Actor {
  if (facts.method === 'provider-only') return facts.by === 'as-operator' ? 'as-operator' : 'provider';
  if (facts.by === 'provider' || facts.by === 'as-operator') return facts.by;
  // Entries about a whole network are not about the one who uses an address of it.
  if (list.scope === 'asn') return 'as-operator';
  if (facts.method === 'automatic-expiry' || facts.method === 'none')
    return list.scope === 'range' ? 'provider' : 'nobody';
  if (facts.by === 'anyone' || facts.by === 'nobody') return facts.by;
  if (facts.by === 'ip-owner' || isAskedFor(facts)) return 'you';
  if (facts.autoExpiry !== undefined) return 'nobody';
  return 'unknown';
}
