import type { SimulatedLists } from './lists.ts';

/** One chapter: what happens outside, and the commands that the user then gives. */
export type Chapter = {
  title: string;
  /** Why it is told; said before the commands run. */
  tells: string;
  /** Hours since the chapter before. */
  after: number;
  happens?: (lists: SimulatedLists) => void;
  /** Words of `dnsblwatch …`. */
  commands: string[][];
};

const MAIL = '192.0.2.25';
const BULK = '198.51.100.80';
const DOMAIN = 'shop.example';

/** Addresses of RFC 5737 and a name of RFC 2606, which nobody owns: hence --allow-special. */
export const STORY: readonly Chapter[] = [
  {
    title: 'Am I listed?',
    tells:
      'No, and it is proven: each list is first asked for test entries that it must hold, and for some that it cannot.',
    after: 0,
    happens: (lists) => lists.put('anchorage', MAIL, '127.0.0.3', 'known since 2019'),
    commands: [['check', MAIL, '--allow-special']],
  },
  {
    title: 'Watch it',
    tells: 'Two mail servers and a domain are tracked from now on; a scan records what changes.',
    after: 0,
    commands: [
      ['targets', 'add', MAIL, BULK, DOMAIN, '--allow-special'],
      ['scan', '--quiet'],
    ],
  },
  {
    title: 'A listing, and the way off it',
    tells: `${MAIL} has hit a spam trap: two lists have it now.`,
    after: 6,
    happens: (lists) => {
      lists.put('driftnet', MAIL, '127.0.0.2', 'Spam trap hit, see https://driftnet.example/why');
      lists.put('harbour', MAIL, '127.0.0.2', 'https://harbour.example/record/4711');
    },
    commands: [
      ['scan'],
      ['delist', MAIL, 'driftnet'],
      ['delist', 'requested', MAIL, 'driftnet', '--note', 'queue cleaned, form sent'],
    ],
  },
  {
    title: 'Silence is no delisting, and a list that lists everybody is no listing',
    tells:
      'Driftnet answers nothing, Reef was sold and now holds every address there is, and Harbour has another reason.',
    after: 4,
    happens: (lists) => {
      lists.mood('driftnet', 'silent');
      lists.mood('reef', 'wildcard');
      lists.put('harbour', MAIL, '127.0.0.4', 'https://harbour.example/record/4711');
    },
    commands: [['scan']],
  },
  {
    title: 'Gone? First prove it',
    tells: `Driftnet has let ${MAIL} go. One clean answer may be a hiccup of one server: it is still open.`,
    after: 10,
    happens: (lists) => {
      lists.mood('driftnet', 'keeping');
      lists.mood('reef', 'keeping');
      lists.remove('driftnet', MAIL);
    },
    commands: [
      ['scan', '--quiet'],
      ['history', '--open', '--list', 'driftnet'],
    ],
  },
  {
    title: 'Delisted',
    tells: 'A second proven clean, from another scan: now it is a fact, dated by the first.',
    after: 1,
    commands: [
      ['scan', '--quiet'],
      ['history', MAIL],
      ['history', '--changes', '--evidence', '--list', 'driftnet'],
    ],
  },
];
