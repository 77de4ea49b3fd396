import { expect } from 'vitest';
import type { ListDefinition } from '../../src/catalogue/list.ts';
import type { Database } from '../../src/db/open.ts';
import { changeHistory, listingHistory } from '../../src/listing/history.ts';
import { type LabHandler, startLab } from '../lab/server.ts';

/** Three operators with limits, whose shards run side by side, and two lists without. */
const LISTS = ['a', 'b', 'c', 'd', 'e'];
/** Each list holds 192.0.2.5, .15, … .255. */
const LISTED = 26;

/** Lists of 256 targets, to be scanned in some seconds. */
export type FiveLists = {
  lists: ListDefinition[];
  /** As the configuration has them. */
  targets: object[];
  /** Resolves when so many questions about targets have come. */
  askedOfTargets(number: number): Promise<void>;
  /** No question is answered any more, until the function is called that this returns. */
  fallSilent(): () => void;
  close(): Promise<void>;
};

/** @param perSecond of the lists with limits. */
export async function startFiveLists(perSecond = 50): Promise<FiveLists> {
  const answer: LabHandler = ({ name }) => {
    const [last, third, , first] = name.split('.');
    const holds = first === '127' ? last === '2' : third === '2' && Number(last) % 10 === 5;
    return { ...(holds ? { a: ['127.0.0.2'], txt: ['spam'] } : { nxdomain: true }), delay: 10 };
  };
  const lab = await startLab(answer);
  return {
    lists: LISTS.map((id, at): ListDefinition => {
      const limits = at < 3 ? { limits: { perSecond, perDay: 1_000_000 } } : {};
      const control = { listed: '127.0.0.2', notListed: '127.0.0.1' };
      return { id, zone: `${id}.example`, accepts: ['ipv4'], servers: [lab.address], control, ...limits };
    }),
    targets: [{ target: '192.0.2.0/24', allowSpecial: true }],
    async askedOfTargets(number) {
      const ofTargets = () => lab.questions.filter(({ name, type }) => type === 'A' && name.includes('.2.0.192.'));
      while (ofTargets().length < number) await lab.nextQuestion();
    },
    fallSilent() {
      lab.answerWith(() => ({ silence: true }));
      return () => lab.answerWith(answer);
    },
    close: lab.close,
  };
}

/** What is recorded is what the lists hold, each once. */
export async function expectTheTruth(db: Database): Promise<void> {
  const unknown = await db.sql`select list_id, why, unknown from coverage where unknown > 0`;
  expect([...unknown]).toEqual([]);
  const changes = await changeHistory(db, {});
  const listings = await listingHistory(db, {});
  const pairs = new Set(changes.map(({ target, list }) => `${target} ${list}`));
  expect([pairs.size, changes.length, listings.length]).toEqual(Array(3).fill(LISTS.length * LISTED));
  expect(changes.every(({ kind }) => kind === 'listed')).toBe(true);
  const covered = await db.sql`
    select list_id, sum(pos_to - pos_from)::int as positions from coverage group by list_id`;
  expect(covered.map(({ positions }) => positions)).toEqual(LISTS.map(() => 256));
}
