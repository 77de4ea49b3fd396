import type { Control, List, ListDefinition, TargetKind } from './list.ts';

const DNS_PORT = 53;

/** Fills in every default. The definition has passed the schema. */
export function resolveList(definition: ListDefinition): List {
  return {
    id: definition.id,
    name: definition.name ?? definition.id,
    operator: definition.operator ?? definition.id,
    zone: definition.zone.toLowerCase().replace(/\.$/, ''),
    accepts: definition.accepts,
    asks: definition.asks ?? 'as-given',
    polarity: definition.polarity ?? 'block',
    codes: definition.codes ?? {},
    control: controlOf(definition),
    servers: (definition.servers ?? []).map(withPort),
    limits: definition.limits ?? null,
    impact: definition.impact ?? 'medium',
    retired: typeof definition.status === 'object' ? definition.status.retired : null,
    contains: definition.contains ?? [],
    formerly: definition.formerly ?? [],
    tags: definition.tags ?? [],
    scope: definition.scope ?? 'address',
    access: definition.access ?? {},
    delisting: definition.delisting ?? {},
    confidence: definition.confidence ?? 'medium',
    checked: definition.checked ?? null,
    website: definition.website ?? null,
    sources: definition.sources ?? [],
  };
}

function controlOf(definition: ListDefinition): Partial<Record<TargetKind, Control>> {
  const control = definition.control ?? {};
  const [kind] = definition.accepts;
  return isFlat(control) && kind !== undefined
    ? { [kind]: control }
    : (control as Partial<Record<TargetKind, Control>>);
}

/** A flat control serves a list of one kind; the schema has seen to that. */
export function isFlat(control: NonNullable<ListDefinition['control']>): control is Control {
  return 'listed' in control || 'notListed' in control;
}

/** `192.0.2.1`, `2001:db8::1` and `[2001:db8::1]` go to port 53. */
function withPort(server: string): string {
  if (/^\[.*\]:\d+$/.test(server) || /^[^:]+:\d+$/.test(server)) return server;
  if (server.startsWith('[')) return `${server}:${DNS_PORT}`;
  return server.includes(':') ? `[${server}]:${DNS_PORT}` : `${server}:${DNS_PORT}`;
}
