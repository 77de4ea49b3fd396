import * as v from 'valibot';
import type { ListedList } from './list.ts';
import { impact, polarity, severity, text } from './schema-fields.ts';

const texts = v.array(v.string());
const maybeText = v.exactOptional(v.string());

const delisting = v.object({
  url: v.exactOptional(v.pipe(v.string(), v.description('may hold {ip} or {domain}'))),
  method: v.exactOptional(
    v.picklist(['self-service', 'form', 'email', 'automatic-expiry', 'provider-only', 'paid-express', 'none']),
  ),
  autoExpiry: v.exactOptional(v.pipe(v.string(), v.description('ISO 8601 duration after the last incident'))),
  usualTime: v.exactOptional(v.pipe(v.string(), v.description('ISO 8601 duration once asked for'))),
  by: v.exactOptional(v.picklist(['ip-owner', 'anyone', 'provider', 'as-operator', 'nobody'])),
  cost: v.exactOptional(v.picklist(['free', 'paid', 'free-or-paid'])),
  requires: v.exactOptional(texts),
  advises: v.exactOptional(texts),
  after: v.exactOptional(texts),
  warning: maybeText,
  note: maybeText,
});

const error = v.union([v.picklist(['over-limit', 'public-resolver', 'not-registered', 'bad-query']), v.literal(true)]);
const code = v.object({
  label: v.string(),
  meaning: maybeText,
  severity: v.exactOptional(severity),
  polarity: v.exactOptional(polarity),
  error: v.exactOptional(v.pipe(error, v.description('how the list refuses: no listing'))),
  delisting: v.exactOptional(delisting),
});

const control = v.exactOptional(v.object({ listed: maybeText, notListed: maybeText }));
const limits = v.object({ perSecond: v.exactOptional(v.number()), perDay: v.exactOptional(v.number()) });

const list = v.object({
  state: v.picklist(['default', 'optional', 'needs a key', 'retired']),
  id: v.string(),
  name: v.string(),
  operator: v.string(),
  zone: v.pipe(v.string(), v.description('{key} in place of an account key')),
  accepts: v.array(v.picklist(['ipv4', 'ipv6', 'domain'])),
  asks: v.picklist(['as-given', 'registered', 'both']),
  polarity,
  codes: v.record(v.string(), code),
  control: v.object({ ipv4: control, ipv6: control, domain: control }),
  servers: texts,
  limits: v.pipe(
    v.nullable(v.union([limits, v.literal('none')])),
    v.description('null: nothing is published, the default applies'),
  ),
  impact,
  retired: v.nullable(v.object({ since: maybeText, why: v.string(), answers: maybeText })),
  contains: texts,
  formerly: texts,
  tags: texts,
  scope: v.picklist(['address', '/64', 'range', 'asn']),
  access: v.object({
    registration: v.exactOptional(v.picklist(['none', 'free', 'paid'])),
    publicResolversRefused: v.exactOptional(v.boolean()),
    note: maybeText,
  }),
  delisting,
  confidence: impact,
  checked: v.pipe(text, v.description('the day on which the facts were last looked at')),
  website: text,
  sources: texts,
}) satisfies v.GenericSchema<unknown, ListedList['list'] & Pick<ListedList, 'state'>>;

/** What `lists --format json` prints. Fields may be added. */
export const listsSchema = v.object({ version: v.literal(1), lists: v.array(list) });
