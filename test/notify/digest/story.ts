import { type Digest, type DigestInput, digestOf, type Move } from '../../../src/notify/digest/digest.ts';
import { at, listing, sight } from '../facts.ts';

export type Told = DigestInput['listings'][number];

/** A day that ends 48 hours into the story. */
const period = { from: new Date(at(24)), to: new Date(at(48)) };

const yours: Move = {
  ...{ actor: 'you', page: 'https://spam.example/?ip=192.0.2.7', requestedAt: null, overdue: false, first: [] },
};

export function told(more: Partial<Told> = {}): Told {
  const open = { ...listing(), endedBy: null, lastSeen: at(47), move: yours };
  return { ...open, ...more };
}

export function input(more: Partial<DigestInput> = {}): DigestInput {
  return {
    ...{ period, tags: null, targets: 12, scans: { finished: 24, last: at(47) } },
    ...{ listings: [], recoded: [], sights: [sight('spam', { askedAt: at(47) })], lists: [], mutes: [] },
    audit: { targets: 0, last: null, changes: [] },
    ...more,
  };
}

/** A day with some of everything. */
export function busyDay(): Digest {
  const asked = { ...yours, requestedAt: at(30) };
  return digestOf(
    input({
      listings: [
        told({ id: 1, since: at(40), cleanBefore: at(39) }),
        told({ id: 2, target: '192.0.2.9', label: 'mail', since: at(45), cleanBefore: null, level: 'low', move: null }),
        told({ id: 3, target: '2001:db8::25', since: at(3), move: asked }),
        told({ id: 4, target: '192.0.2.11', since: at(1), move: { ...asked, overdue: true }, relapses: 1 }),
        told({ id: 5, target: '192.0.2.12', since: at(2), until: at(30), endedBy: 'delisted', endProven: true }),
        told({ id: 6, target: '192.0.2.13', since: at(2), until: at(31), endedBy: 'untracked', endProven: false }),
      ],
      recoded: [{ at: at(33), added: ['BOT'], removed: [], listing: 3 }],
      sights: [
        sight('Slow List', { toldAt: at(20), silentSince: at(21), toldIn: 3, askedAt: at(47), why: 'timeout' }),
        sight('spam'),
      ],
      lists: [{ list: 'new', listName: 'New List', at: at(30), kind: 'new' }],
      mutes: [
        {
          id: 7,
          range: null,
          list: 'uceprotect-3',
          createdAt: at(0),
          until: at(90),
          listing: null,
          why: 'not ours to fix',
          endedAt: null,
        },
      ],
    }),
  );
}

/** So many open listings on a few lists, half of them new. */
export function manyListings(count: number): Digest {
  return digestOf(
    input({
      listings: Array.from({ length: count }, (_, index) =>
        told({
          ...{ id: index, target: `198.51.${index >> 8}.${index & 255}`, since: at(index % 2 === 0 ? 30 : 5) },
          ...{ list: `list-${index % 7}`, listName: `List ${index % 7}` },
        }),
      ),
    }),
  );
}
