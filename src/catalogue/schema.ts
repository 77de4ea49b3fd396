import * as v from 'valibot';
import { addressNumber } from '../address.ts';
import { isName, isServer, isZone } from './names.ts';
import { parsePattern } from './table.ts';

const KINDS = ['ipv4', 'ipv6', 'domain'] as const;
const LEVELS = ['low', 'medium', 'high'] as const;
const RESERVED = ['default', 'all'];

const filled = (message: string) => v.pipe(v.string(message), v.nonEmpty(message));
const text = filled('a text that is not empty');
const texts = v.array(text, 'an array of texts');
const polarity = v.picklist(
  ['block', 'allow', 'reputation', 'informational'],
  'one of block, allow, reputation, informational',
);
const level = v.picklist(LEVELS, 'one of low, medium, high');
const duration = v.pipe(
  v.string('an ISO 8601 duration such as P7D or PT12H'),
  v.regex(
    /^P(?=[\dT])(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)$/,
    'an ISO 8601 duration such as P7D or PT12H',
  ),
);
const id = v.pipe(
  v.string('an id of lower-case letters, digits, dots, hyphens and underscores'),
  v.regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, 'an id of lower-case letters, digits, dots, hyphens and underscores'),
  v.check((value) => !RESERVED.includes(value), 'an id other than default and all, which select lists'),
);
const url = v.pipe(
  v.string('an address that begins with https:// or http://'),
  v.regex(/^https?:\/\/[^\s<>"]+$/, 'an address that begins with https:// or http://'),
);

const delisting = v.strictObject(
  {
    url: v.optional(url),
    method: v.optional(
      v.picklist(
        ['self-service', 'form', 'email', 'automatic-expiry', 'provider-only', 'paid-express', 'none'],
        'one of self-service, form, email, automatic-expiry, provider-only, paid-express, none',
      ),
    ),
    autoExpiry: v.optional(duration),
    usualTime: v.optional(duration),
    by: v.optional(
      v.picklist(
        ['ip-owner', 'anyone', 'provider', 'as-operator', 'nobody'],
        'one of ip-owner, anyone, provider, as-operator, nobody',
      ),
    ),
    cost: v.optional(v.picklist(['free', 'paid', 'free-or-paid'], 'one of free, paid, free-or-paid')),
    requires: v.optional(texts),
    advises: v.optional(texts),
    after: v.optional(texts),
    warning: v.optional(text),
    note: v.optional(text),
  },
  'delisting facts',
);

const ERRORS = 'one of over-limit, public-resolver, not-registered, bad-query, true';
const code = v.strictObject(
  {
    label: filled('a short name of the code'),
    meaning: v.optional(text),
    severity: v.optional(v.picklist(['info', ...LEVELS], 'one of info, low, medium, high')),
    polarity: v.optional(polarity),
    error: v.optional(
      v.union(
        [v.picklist(['over-limit', 'public-resolver', 'not-registered', 'bad-query'], ERRORS), v.literal(true, ERRORS)],
        ERRORS,
      ),
    ),
    delisting: v.optional(delisting),
  },
  'a code with at least a label',
);

const CODE_KEY =
  'a code of 127.0.0.0/8: an address, a prefix 127.0.4.0/24, a range 127.0.0.2-127.0.0.9, a wildcard 127.0.*.1, or a bit mask:1 to mask:128';
const codes = v.record(
  v.pipe(
    v.string(CODE_KEY),
    v.check((key) => parsePattern(key) !== null, CODE_KEY),
  ),
  code,
  'an object of codes and what they mean',
);

/** A control's two entries, by the shape that they must have. */
function controlOf(valid: (value: string) => boolean, expected: string) {
  const entry = v.pipe(v.string(expected), v.check(valid, expected));
  return v.strictObject({ listed: v.optional(entry), notListed: v.optional(entry) }, 'controls listed and notListed');
}
export const CONTROLS = {
  ipv4: controlOf((value) => addressNumber(value)?.kind === 'ipv4', 'an IPv4 address'),
  ipv6: controlOf((value) => addressNumber(value)?.kind === 'ipv6', 'an IPv6 address'),
  domain: controlOf(isName, 'a domain name'),
};
const byKind = v.strictObject(
  { ipv4: v.optional(CONTROLS.ipv4), ipv6: v.optional(CONTROLS.ipv6), domain: v.optional(CONTROLS.domain) },
  'controls by kind: ipv4, ipv6, domain',
);
const control = v.union([byKind, controlOf(() => true, 'a text')], 'controls listed and notListed, or these by kind');

const LIMITS = 'none, or limits perSecond and perDay';
const limitNumbers = v.strictObject(
  {
    perSecond: v.optional(
      v.pipe(v.number('a number above 0'), v.finite('a number above 0'), v.gtValue(0, 'a number above 0')),
    ),
    perDay: v.optional(
      v.pipe(
        v.number('a whole number above 0'),
        v.integer('a whole number above 0'),
        v.gtValue(0, 'a whole number above 0'),
      ),
    ),
  },
  LIMITS,
);

const limits = v.union([v.literal('none', LIMITS), limitNumbers], LIMITS);

const STATUS = 'active, or retired: { since, why, answers }';
const retired = v.strictObject(
  {
    retired: v.strictObject(
      { since: v.optional(text), why: filled('the reason for which the list is retired'), answers: v.optional(text) },
      STATUS,
    ),
  },
  STATUS,
);
const status = v.union([v.literal('active', STATUS), retired], STATUS);

const access = v.strictObject(
  {
    registration: v.optional(v.picklist(['none', 'free', 'paid'], 'one of none, free, paid')),
    publicResolversRefused: v.optional(v.boolean('true or false')),
    note: v.optional(text),
  },
  'access facts',
);

const ZONE = 'a zone such as bl.example.org, with {key} as a label where an account key belongs';
const ACCEPTS = 'one of ipv4, ipv6, domain';

/** One list of a catalogue file; nothing but what is named here may stand in it. */
export const listSchema = v.strictObject(
  {
    id,
    name: v.optional(text),
    operator: v.optional(id),
    zone: v.pipe(v.string(ZONE), v.check(isZone, ZONE)),
    accepts: v.pipe(
      v.array(v.picklist(KINDS, ACCEPTS), 'an array of ipv4, ipv6, domain'),
      v.nonEmpty('at least one of ipv4, ipv6, domain'),
      v.check((kinds) => new Set(kinds).size === kinds.length, 'each kind once'),
    ),
    asks: v.optional(v.picklist(['as-given', 'registered', 'both'], 'one of as-given, registered, both')),
    polarity: v.optional(polarity),
    codes: v.optional(codes),
    control: v.optional(control),
    servers: v.optional(
      v.pipe(
        v.array(
          v.pipe(
            v.string('a server such as 192.0.2.53:53 or [2001:db8::53]:53'),
            v.check(isServer, 'a server such as 192.0.2.53:53 or [2001:db8::53]:53'),
          ),
          'an array of servers',
        ),
        v.nonEmpty('at least one server'),
      ),
    ),
    limits: v.optional(limits),
    impact: v.optional(level),
    status: v.optional(status),
    contains: v.optional(v.array(id, 'an array of ids')),
    formerly: v.optional(texts),
    tags: v.optional(texts),
    scope: v.optional(v.picklist(['address', '/64', 'range', 'asn'], 'one of address, /64, range, asn')),
    access: v.optional(access),
    delisting: v.optional(delisting),
    confidence: v.optional(level),
    checked: v.optional(v.pipe(v.string('a date such as 2026-11-24'), v.isoDate('a date such as 2026-11-24'))),
    website: v.optional(url),
    sources: v.optional(texts),
  },
  'a list with at least id, zone and accepts',
);

/** The whole file, for `config schema catalogue`. */
export const catalogueSchema = v.strictObject({ lists: v.array(listSchema) });
