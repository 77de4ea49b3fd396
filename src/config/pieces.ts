import * as v from 'valibot';
import { parseDuration } from '../duration.ts';
import { isTimeZone } from '../time-zone.ts';

/** Parts that several keys of the configuration are made of. */

export const text = v.pipe(v.string('expected text'), v.nonEmpty('expected text'));

export const duration = (...examples: string[]) => {
  const message = `expected a duration such as ${examples.join(' or ')}`;
  return v.pipe(
    v.string(message),
    v.check((value) => parseDuration(value) !== null, message),
  );
};

const NAME = 'expected a name of small letters, digits and -';
/** Of something that the user names: a channel, a schedule. */
export const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/, NAME));

const TIME_ZONE = 'expected a time zone such as Europe/Berlin';
export const timeZone = v.pipe(v.string(TIME_ZONE), v.check(isTimeZone, TIME_ZONE));
