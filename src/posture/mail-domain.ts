import { mailAddresses } from './mail-addresses.ts';
import { evaluateSpf } from './mailauth.ts';
import { reviewSpf } from './spf-review.ts';
import type { Asking } from './subject.ts';
import type { MailDomain } from './together.ts';

/** What audits so far know of a domain: what its SPF record allowed, and where it had DKIM keys. */
export type Remembered = Pick<MailDomain, 'sends' | 'selectors'>;

const MOST = { lookups: 10, voids: 2 };

/**
 * Where a domain's mail comes in, and from which of these tracked addresses it goes out: those that its SPF record
 * allows now, and those that it allowed before, so that it is seen when it stops to. Never throws for what DNS says.
 */
export async function mailDomain(
  domain: string,
  addresses: readonly string[],
  { sends, selectors }: Remembered,
  { lookup, patience, allowSpecial }: Pick<Asking, 'lookup' | 'patience' | 'allowSpecial'>,
): Promise<Omit<MailDomain, 'party'>> {
  const receives = await mailAddresses(lookup, [domain], allowSpecial);
  const { passesAnyone } = await reviewSpf(domain, lookup, patience);
  const allowed: string[] = [];
  // A record that allows the whole world says of no address that it sends.
  for (const address of passesAnyone ? [] : addresses) {
    const of = { address, sender: `postmaster@${domain}`, helo: domain };
    const { result } = await evaluateSpf(of, lookup, { most: MOST, patience });
    if (result === 'pass') allowed.push(address);
  }
  const before = sends.filter((address) => addresses.includes(address));
  return { domain, receives, sends: [...new Set([...allowed, ...before])].sort(), selectors };
}
