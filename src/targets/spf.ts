/** SPF records (RFC 7208) as terms. Nothing here asks anything. */

type Qualifier = '+' | '-' | '~' | '?';
export type SpfTerm =
  | {
      kind: 'name';
      name: 'all' | 'ptr' | 'exists' | 'include' | 'redirect';
      qualifier: Qualifier;
      domain: string | null;
    }
  | {
      kind: 'host';
      name: 'a' | 'mx';
      qualifier: Qualifier;
      domain: string | null;
      ip4Length: number;
      ip6Length: number;
    }
  | { kind: 'address'; name: 'ip4' | 'ip6'; qualifier: Qualifier; address: string; length: number };

export type SpfRecord = { terms: SpfTerm[]; wrong: string[] };

/** A TXT record is an SPF record if it begins with exactly this version (RFC 7208 4.5). */
export const isSpf = (text: string): boolean => /^v=spf1( |$)/i.test(text);

/** The terms of a record as they are written, without the version. */
export const spfWords = (text: string): string[] =>
  text
    .split(/ +/)
    .slice(1)
    .filter((word) => word !== '');

export function parseSpf(text: string): SpfRecord {
  const record: SpfRecord = { terms: [], wrong: [] };
  for (const word of spfWords(text)) {
    const term = parseTerm(word);
    if (term === null) record.wrong.push(word);
    else if (term !== 'other') record.terms.push(term);
  }
  return record;
}

/** `other`: a modifier that gives no addresses (exp=, and unknown ones, which RFC 7208 6 says to ignore). */
function parseTerm(word: string): SpfTerm | 'other' | null {
  const modifier = /^([a-z][a-z0-9_.-]*)=(.*)$/i.exec(word);
  if (modifier !== null) {
    const [, name = '', domain = ''] = modifier;
    if (name.toLowerCase() !== 'redirect') return 'other';
    return domain === '' ? null : { kind: 'name', name: 'redirect', qualifier: '+', domain };
  }
  const [, sign = '', rawName = '', domain, ip4 = '', ip6 = ''] =
    /^([+?~-]?)([a-z][a-z0-9]*)(?::(.*?))?(?:\/(\d{1,3}))?(?:\/\/(\d{1,3}))?$/i.exec(word) ?? [];
  if (domain === '') return null;
  const name = rawName.toLowerCase();
  const qualifier = (sign === '' ? '+' : sign) as Qualifier;
  switch (name) {
    case 'ip4':
      return addressTerm(name, qualifier, domain, ip4, 32);
    case 'ip6':
      return addressTerm(name, qualifier, domain, ip4, 128);
    case 'a':
    case 'mx': {
      const [ip4Length, ip6Length] = [ip4 === '' ? 32 : Number(ip4), ip6 === '' ? 128 : Number(ip6)];
      if (ip4Length > 32 || ip6Length > 128) return null;
      return { kind: 'host', name, qualifier, domain: domain ?? null, ip4Length, ip6Length };
    }
    case 'all':
    case 'ptr':
      return { kind: 'name', name, qualifier, domain: domain ?? null };
    case 'include':
    case 'exists':
      return domain === undefined ? null : { kind: 'name', name, qualifier, domain };
    default:
      return null;
  }
}

function addressTerm(
  name: 'ip4' | 'ip6',
  qualifier: Qualifier,
  address: string | undefined,
  length: string,
  most: number,
): SpfTerm | null {
  const bits = length === '' ? most : Number(length);
  return address === undefined || bits > most ? null : { kind: 'address', name, qualifier, address, length: bits };
}
