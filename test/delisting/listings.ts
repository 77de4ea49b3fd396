import type { Code, Delisting, List } from '../../src/catalogue/list.ts';
import type { OpenListing } from '../../src/delisting/advice.ts';

/** A list as the catalogue gives it, of which only the ways off matter. */
export function listOf(id: string, delisting: Delisting, more: Partial<List> = {}): List {
  return {
    id,
    name: id.toUpperCase(),
    operator: id,
    zone: `${id}.example`,
    accepts: ['ipv4'],
    asks: 'as-given',
    polarity: 'block',
    codes: { '127.0.0.2': { label: 'BAD', meaning: 'sends spam', severity: 'high' } },
    control: {},
    servers: [],
    limits: null,
    impact: 'medium',
    retired: null,
    contains: [],
    formerly: [],
    tags: [],
    scope: 'address',
    access: {},
    delisting,
    confidence: 'high',
    checked: null,
    website: null,
    sources: [],
    ...more,
  };
}

export const code = (label: string, delisting?: Delisting, more: Partial<Code> = {}): Code => ({
  label,
  severity: 'high',
  ...(delisting === undefined ? {} : { delisting }),
  ...more,
});

/** A listing with all codes of its list. */
export function open(list: List, more: Partial<OpenListing> = {}): OpenListing {
  const codes = Object.entries(list.codes).map(([key, { label }]) => ({ code: key, label }));
  return {
    list,
    codes,
    since: new Date('2026-11-20T10:00:00Z'),
    cleanBefore: null,
    reason: null,
    removals: [],
    ...more,
  };
}
