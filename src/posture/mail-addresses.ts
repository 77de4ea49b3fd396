import { type AddressKind, addressNumber, addressText } from '../address.ts';
import type { Lookup } from '../dns/lookup.ts';
import { mailHosts } from './mx.ts';
import { addressesOf } from './records.ts';
import { isSpecial } from './special.ts';

export type MailAddress = { domain: string; host: string; kind: AddressKind; text: string };

/** The addresses of the hosts that take mail for these domains, in the order of both; all names are looked up at once. */
export async function mailAddresses(
  lookup: Lookup,
  domains: readonly string[],
  allowSpecial: boolean,
): Promise<MailAddress[]> {
  const found = await Promise.all(
    domains.map(async (domain) => {
      const hosts = await mailHosts(lookup, domain);
      const each = await Promise.all(hosts.map(async (host) => ({ host, ...(await addressesOf(lookup, host)) })));
      return each.flatMap(({ host, addresses }) => addresses.map((address) => ({ domain, host, address })));
    }),
  );
  return found.flat().flatMap(({ address, ...of }) => {
    const number = addressNumber(address);
    if (number === null || (!allowSpecial && isSpecial(address))) return [];
    return [{ ...of, kind: number.kind, text: addressText(number.kind, number.value) }];
  });
}
