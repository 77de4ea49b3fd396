import zeroSpam from './data/0spam.json' with { type: 'json' };
import abuseRo from './data/abuse-ro.json' with { type: 'json' };
import abusix from './data/abusix.json' with { type: 'json' };
import allowLists from './data/allow-lists.json' with { type: 'json' };
import attackers from './data/attackers.json' with { type: 'json' };
import barracuda from './data/barracuda.json' with { type: 'json' };
import facts from './data/facts.json' with { type: 'json' };
import improware from './data/improware.json' with { type: 'json' };
import junkemailfilter from './data/junkemailfilter.json' with { type: 'json' };
import mailspike from './data/mailspike.json' with { type: 'json' };
import nordic from './data/nordic.json' with { type: 'json' };
import providers from './data/providers.json' with { type: 'json' };
import reportedSpam from './data/reported-spam.json' with { type: 'json' };
import retired from './data/retired.json' with { type: 'json' };
import retiredUnverified from './data/retired-unverified.json' with { type: 'json' };
import retiredWildcards from './data/retired-wildcards.json' with { type: 'json' };
import rfcClueless from './data/rfc-clueless.json' with { type: 'json' };
import sem from './data/sem.json' with { type: 'json' };
import small from './data/small.json' with { type: 'json' };
import spamhaus from './data/spamhaus.json' with { type: 'json' };
import spamhausDqs from './data/spamhaus-dqs.json' with { type: 'json' };
import spamrats from './data/spamrats.json' with { type: 'json' };
import spfbl from './data/spfbl.json' with { type: 'json' };
import surbl from './data/surbl.json' with { type: 'json' };
import trendmicro from './data/trendmicro.json' with { type: 'json' };
import uceprotect from './data/uceprotect.json' with { type: 'json' };
import uribl from './data/uribl.json' with { type: 'json' };
import validity from './data/validity.json' with { type: 'json' };
import type { ListDefinition } from './list.ts';

/** One file per operator or group, each in the schema of the catalogue file. */
const FILES: readonly { lists: unknown[] }[] = [
  zeroSpam,
  abuseRo,
  abusix,
  allowLists,
  attackers,
  barracuda,
  facts,
  improware,
  junkemailfilter,
  mailspike,
  nordic,
  providers,
  reportedSpam,
  retired,
  retiredUnverified,
  retiredWildcards,
  rfcClueless,
  sem,
  small,
  spamhaus,
  spamhausDqs,
  spamrats,
  spfbl,
  surbl,
  trendmicro,
  uceprotect,
  uribl,
  validity,
];

/** The built-in lists as written. Checked when they are packed, in tests and by `config check`: at each start the schema would cost as much as a check. */
export function builtinDefinitions(): ListDefinition[] {
  return FILES.flatMap((file) => file.lists as ListDefinition[]);
}
