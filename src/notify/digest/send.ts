import { eq } from 'drizzle-orm';
import type { Database } from '../../db/open.ts';
import { notice } from '../../db/schema.ts';
import { CARRIED } from '../alert.ts';
import type { Setup } from '../collect.ts';
import { enqueue, type Message } from '../outbox.ts';
import { type Reader, readerOf } from '../reader.ts';
import { tagsFor } from '../routes.ts';
import type { Digest } from './digest.ts';
import { digestDoc } from './doc.ts';
import { readDigest } from './read.ts';

/**
 * Puts a digest of the span before `now` in the outbox for each channel that gets one. What is asked for twice under the
 * same name is made once, whoever was killed meanwhile. Gives the number made.
 */
export async function enqueueDigests(
  db: Pick<Database, 'orm'>,
  { lists, channels, routes }: Pick<Setup, 'lists' | 'channels' | 'routes'>,
  { span, name }: { span: number; name: string },
  now: Date,
): Promise<number> {
  const period = { from: new Date(now.getTime() - span), to: now };
  let made = 0;
  for (const { id, language, timeZone, gets } of channels) {
    if (!gets.includes('digest')) continue;
    const digest = await readDigest(db, lists, { period, tags: tagsFor(id, routes) });
    const message = digestMessage(digest, readerOf(language, timeZone));
    made += await db.orm.transaction(async (tx) => {
      const mine = await tx
        .insert(notice)
        .values({ channel: id, key: `digest:${name}`, about: null, createdAt: now, messageId: 0 })
        .onConflictDoNothing()
        .returning({ id: notice.id });
      if (mine[0] === undefined) return 0;
      const messageId = await enqueue(tx, id, message, now);
      await tx.update(notice).set({ messageId }).where(eq(notice.id, mine[0].id));
      return 1;
    });
  }
  return made;
}

function digestMessage(digest: Digest, reader: Reader): Message {
  const { listed, unseen, still, audit } = digest;
  const warns = [unseen, still, audit.worse].some(({ length }) => length > 0);
  const tone = listed.length > 0 ? 'bad' : warns ? 'warn' : 'good';
  return { kind: 'digest', doc: digestDoc(digest, reader), tone, threads: [], data: { digest: carried(digest) } };
}

const PARTS = ['listed', 'still', 'delisted', 'recoded', 'closed'] as const;

/** The digest as a webhook gets it: of each part as many as can be carried, and how many there are. */
function carried(digest: Digest) {
  const counts = Object.fromEntries(PARTS.map((part) => [part, digest[part].length]));
  const parts = Object.fromEntries(PARTS.map((part) => [part, digest[part].slice(0, CARRIED)]));
  const { worse, right, still } = digest.audit;
  const audit = {
    ...digest.audit,
    ...{ worse: worse.slice(0, CARRIED), right: right.slice(0, CARRIED), still: still.slice(0, CARRIED) },
    counts: { worse: worse.length, right: right.length, still: still.length },
  };
  return { ...digest, ...parts, audit, counts };
}
