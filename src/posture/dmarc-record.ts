import { dmarcPolicies, type Policies, parseDmarc } from './mailauth.ts';
import { parseTags } from './tags.ts';

/** A DMARC record read for what it says and what is wrong with it (RFC 9989 4.7, 4.10.1). Pure. */
export type DmarcReading = {
  /** null: receivers pass the record over. */
  policies: Policies | null;
  tags: Map<string, string>;
  /** p, sp or np that are no policy: with rua it all counts as p=none, without it not at all. */
  badPolicies: string[];
  /** What else keeps a part of it from counting. */
  faults: string[];
  /** Receivers do without. */
  notes: string[];
  rua: ReportAddress[];
  testing: boolean;
};
export type ReportAddress = { uri: string /** Of mailto; null: no such address. */; domain: string | null };

/** In any case (RFC 5234 2.3). */
export const isPolicy = (value: string): boolean => /^(none|quarantine|reject)$/i.test(value);
const VALUES: Record<string, RegExp> = {
  adkim: /^[rs]$/i,
  aspf: /^[rs]$/i,
  t: /^[yn]$/i,
  psd: /^[ynu]$/i,
  fo: /^[01ds](\s*:\s*[01ds])*$/i,
};
const KNOWN = new Set(['v', 'p', 'sp', 'np', 'adkim', 'aspf', 'fo', 'rua', 'ruf', 't', 'psd']);
const HISTORIC = new Set(['pct', 'rf', 'ri']);

export function readDmarc(text: string): DmarcReading {
  const record = parseDmarc(text.trim());
  const tags = parseTags(text);
  const rua = reportAddresses(tags.get('rua'));
  const reading = { tags, rua, testing: tags.get('t')?.toLowerCase() === 'y' };
  const none = { policies: null, badPolicies: [], notes: [] };
  if (record === null) return { ...reading, ...none, faults: ['a tag stands in it twice, so receivers pass it over'] };
  const policies = dmarcPolicies(record);
  const faults = [
    ...(tags.has('p') ? [] : ['it has no p=, so it acts as p=none at most']),
    ...valueFaults(tags),
    ...reportFaults('rua', tags),
    ...reportFaults('ruf', tags),
  ];
  const loose = text
    .split(';')
    .slice(1)
    .map((part) => part.trim())
    .filter((part) => part !== '' && !/^[^=]+=/.test(part));
  for (const part of loose) faults.push(`"${part.slice(0, 40)}" is no tag`);
  if (policies === null) faults.push('without a valid p, and without rua, receivers pass it over');
  return { ...reading, policies, badPolicies: badPoliciesOf(tags), faults, notes: notesOf(tags) };
}

function badPoliciesOf(tags: ReadonlyMap<string, string>): string[] {
  return ['p', 'sp', 'np'].flatMap((tag) => {
    const value = tags.get(tag);
    return value === undefined || isPolicy(value)
      ? []
      : [`${tag}=${value.slice(0, 40)} is no policy; expected none, quarantine or reject`];
  });
}

function valueFaults(tags: ReadonlyMap<string, string>): string[] {
  return Object.entries(VALUES).flatMap(([tag, valid]) => {
    const value = tags.get(tag);
    return value === undefined || valid.test(value) ? [] : [`${tag}=${value.slice(0, 40)} is not valid`];
  });
}

function reportFaults(tag: string, tags: ReadonlyMap<string, string>): string[] {
  const value = tags.get(tag);
  if (value === undefined) return [];
  return reportAddresses(value)
    .filter(({ domain }) => domain === null)
    .map(({ uri }) => `${tag} "${uri.slice(0, 60)}" is no mailto: address, so no reports go there`);
}

function notesOf(tags: ReadonlyMap<string, string>): string[] {
  return [...tags.keys()].flatMap((tag) => {
    if (HISTORIC.has(tag)) return [`${tag}= is historic (RFC 9989 9.3); receivers of today pass it over`];
    if (KNOWN.has(tag) || tag.toLowerCase() === 'v') return [];
    return [
      KNOWN.has(tag.toLowerCase())
        ? `${tag}= must be written in small letters`
        : `${tag}= is no tag of DMARC and passed over`,
    ];
  });
}

/** `mailto:a@example.org,mailto:b@example.net!10m`; the size is of RFC 7489 and passed over. */
function reportAddresses(value: string | undefined): ReportAddress[] {
  return (value ?? '')
    .split(',')
    .map((uri) => uri.trim())
    .filter((uri) => uri !== '')
    .slice(0, 20)
    .map((uri) => ({
      uri,
      domain:
        /^mailto:[^@\s!,;\u0080-\uffff]+@((?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z])(?:!\d+[kmgt]?)?$/i
          .exec(uri)?.[1]
          ?.toLowerCase() ?? null,
    }));
}
