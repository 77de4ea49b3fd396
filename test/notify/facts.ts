import type { Mute } from '../../src/notify/mutes.ts';
import type { ListingFacts } from '../../src/notify/notice.ts';
import type { Facts, LoggedChange } from '../../src/notify/owed.ts';
import type { Sight } from '../../src/notify/sight.ts';

/** A time so many hours into the story. */
export const at = (hours: number): string =>
  new Date(Date.parse('2026-11-01T00:00:00Z') + hours * 3_600_000).toISOString();

export function listing(more: Partial<ListingFacts> = {}): ListingFacts {
  return {
    id: 1,
    incident: 1,
    target: '192.0.2.7',
    label: null,
    tags: ['acme'],
    list: 'spam',
    listName: 'Spam List',
    impact: 'high',
    severity: 'high',
    level: 'high',
    codes: [{ code: '127.0.0.2', label: 'SPAM' }],
    since: at(10),
    cleanBefore: at(9),
    until: null,
    endProven: null,
    reason: null,
    relapses: 0,
    ...more,
  };
}

export function change(kind: LoggedChange['kind'], more: Partial<LoggedChange> = {}): LoggedChange {
  return { id: 5, at: at(10), kind, listing: listing(), added: [], removed: [], worse: false, ...more };
}

export function mute(more: Partial<Mute> = {}): Mute {
  return {
    ...{
      id: 1,
      range: null,
      list: 'spam',
      createdAt: at(0),
      until: null,
      endProven: null,
      listing: null,
      why: null,
      endedAt: null,
    },
    ...more,
  };
}

export function sight(list: string, more: Partial<Sight> = {}): Sight {
  return {
    ...{ list, listName: list, operator: list, impact: 'high', why: null },
    ...{ askedAt: at(10), toldAt: at(10), toldIn: 4, silentSince: null },
    ...more,
  };
}

export const facts = (more: Partial<Facts> = {}): Facts => ({
  ...{ changes: [], open: [], runs: [], overdue: [], sights: [], findings: [], mutes: [] },
  ...more,
});
