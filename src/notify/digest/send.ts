import type { Database } from '../../db/open.ts';
import type { Setup } from '../collect.ts';
import { enqueue, type Message } from '../outbox.ts';
import { type Reader, readerOf } from '../reader.ts';
import { tagsFor } from '../routes.ts';
import type { Digest } from './digest.ts';
import { digestDoc } from './doc.ts';
import { readDigest } from './read.ts';

/** Puts a digest of the span before now in the outbox for each channel that gets one. Gives their number. */
export async function enqueueDigests(
  db: Pick<Database, 'orm'>,
  { lists, channels, routes }: Pick<Setup, 'lists' | 'channels' | 'routes'>,
  span: number,
  now: Date,
): Promise<number> {
  const wanted = channels.filter(({ gets }) => gets.includes('digest'));
  const period = { from: new Date(now.getTime() - span), to: now };
  for (const { id, language, timeZone } of wanted) {
    const digest = await readDigest(db, lists, { period, tags: tagsFor(id, routes) });
    await enqueue(db.orm, id, digestMessage(digest, readerOf(language, timeZone)), now);
  }
  return wanted.length;
}

function digestMessage(digest: Digest, reader: Reader): Message {
  const tone = digest.listed.length > 0 ? 'bad' : digest.unseen.length > 0 || digest.still.length > 0 ? 'warn' : 'good';
  return { kind: 'digest', doc: digestDoc(digest, reader), tone, threads: [], data: { digest } };
}
