import * as v from 'valibot';
import { parseDuration } from '../duration.ts';
import { isTimeZone } from '../time-zone.ts';

/** Parts that several keys of the configuration are made of. */

export const filled = (message: string) => v.pipe(v.string(message), v.nonEmpty(message));
export const text = filled('a text that is not empty');

const IDS = 'ids, tags, default or all';
/** What `--lists` takes, or an array of it. */
export const listIds = v.union([text, v.array(text, IDS)], IDS);

export const duration = (...examples: string[]) => {
  const message = `a duration such as ${examples.join(' or ')}`;
  return v.pipe(
    v.string(message),
    v.check((value) => parseDuration(value) !== null, message),
  );
};

const NAME = 'a name of small letters, digits and -';
/** Of something that the user names: a channel, a schedule. */
export const name = v.pipe(v.string(NAME), v.regex(/^[a-z][a-z0-9-]*$/, NAME));

const TIME_ZONE = 'a time zone such as Europe/Berlin';
export const timeZone = v.pipe(v.string(TIME_ZONE), v.check(isTimeZone, TIME_ZONE));
