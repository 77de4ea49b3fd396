import type { SimulatedLists } from './lists.ts';

/** One chapter: what happens outside, and the commands that the user then gives. */
export type Chapter = {
  title: string;
  /** Why it is told; said before the commands run. */
  tells: string;
  happens?: (lists: SimulatedLists) => void;
  /** Words of `dnsblwatch …`. */
  commands: string[][];
};

const MAIL = '192.0.2.25';
const BULK = '198.51.100.80';
const DOMAIN = 'shop.example';

/** Addresses of RFC 5737 and a name of RFC 2606, which nobody owns. */
export const STORY: readonly Chapter[] = [
  {
    title: 'Something to watch',
    tells: 'Two mail servers and a domain. Nobody lists them yet, and the lists prove it by answering their controls.',
    happens: (lists) => lists.put('anchorage', MAIL, '127.0.0.3', 'known since 2019'),
    commands: [['targets', 'add', MAIL, BULK, DOMAIN, '--allow-special'], ['targets', 'list'], ['scan']],
  },
  {
    title: 'A listing',
    tells: `${MAIL} has hit a spam trap: two lists have it now.`,
    happens: (lists) => {
      lists.put('driftnet', MAIL, '127.0.0.2', 'Spam trap hit, see https://driftnet.example/why');
      lists.put('harbour', MAIL, '127.0.0.2', 'https://harbour.example/record/4711');
    },
    commands: [['scan'], ['delist', MAIL], ['delist', 'requested', MAIL, 'driftnet', '--note', 'queue cleaned']],
  },
  {
    title: 'Silence is no delisting',
    tells: 'Driftnet answers nothing any more, and Harbour has another reason now.',
    happens: (lists) => {
      lists.mood('driftnet', 'silent');
      lists.put('harbour', MAIL, '127.0.0.4', 'https://harbour.example/record/4711');
    },
    commands: [['scan'], ['history', '--open']],
  },
  {
    title: 'A list that lists everybody',
    tells: "Reef's domain was sold: it now holds every address there is. That says nothing about ours.",
    happens: (lists) => {
      lists.mood('driftnet', 'keeping');
      lists.mood('reef', 'wildcard');
    },
    commands: [['scan']],
  },
  {
    title: 'Gone? First prove it',
    tells: `Driftnet has let ${MAIL} go. One clean answer may be a hiccup of one server, so it is not believed yet.`,
    happens: (lists) => {
      lists.remove('driftnet', MAIL);
      lists.mood('reef', 'keeping');
    },
    commands: [['scan']],
  },
  {
    title: 'Delisted',
    tells: 'A second proven clean, from another scan: now it is a fact, dated by the first.',
    commands: [['scan'], ['history', MAIL], ['history', '--changes'], ['delist', MAIL]],
  },
];
