import type { Catalogue } from '../catalogue/catalogue.ts';
import type { List } from '../catalogue/list.ts';

/** A list that a reply quotes; `id` null: no DNS list that we know. */
export type QuotedList = {
  id: string | null;
  name: string;
  retired: boolean;
  page: string | null;
  label: string | null;
};

type Name = { seen: RegExp; id: string | null; name: string; label?: string; domain?: true; page?: string };

/** What lists are called where their zone is not named; of Spamhaus the parts before the whole. */
const NAMES: Name[] = [
  {
    seen: /spamhaus\W{0,3}(?:dbl|domain block)|\bdbl\W{1,3}spamhaus|spamhaus\.org\/(?:query\/domain|dbl)/i,
    id: 'spamhaus-dbl',
    name: 'Spamhaus DBL',
    domain: true,
  },
  { seen: /sbl\W?css|spamhaus\W{0,3}css\b/i, id: 'spamhaus-sbl', name: 'Spamhaus CSS', label: 'CSS' },
  { seen: /spamhaus\W{0,3}sbl\W?xbl|sbl-xbl/i, id: 'spamhaus-zen', name: 'Spamhaus SBL-XBL' },
  {
    seen: /spamhaus\W{0,3}xbl|\bxbl\.spamhaus|spamhaus\.org\/xbl|exploits block list/i,
    id: 'spamhaus-xbl',
    name: 'Spamhaus XBL',
    label: 'XBL',
  },
  {
    seen: /spamhaus\W{0,3}pbl|\bpbl\.spamhaus|spamhaus\.org\/pbl|policy block ?list/i,
    id: 'spamhaus-pbl',
    name: 'Spamhaus PBL',
    label: 'PBL',
  },
  {
    seen: /spamhaus\W{0,3}sbl|\bsbl\.spamhaus|spamhaus\.org\/sbl|spamhaus block list|\blisted in sbl\b/i,
    id: 'spamhaus-sbl',
    name: 'Spamhaus SBL',
    label: 'SBL',
  },
  { seen: /spamhaus/i, id: 'spamhaus-zen', name: 'Spamhaus ZEN' },
  { seen: /spam ?cop/i, id: 'spamcop', name: 'SpamCop' },
  {
    seen: /barracuda ?(?:central|networks)?(?:\.org|\.com)?\W{0,3}(?:reputation|rbl|brbl)|barracudacentral/i,
    id: 'barracuda-brbl',
    name: 'Barracuda',
  },
  { seen: /abuseat|\bcbl\b/i, id: 'spamhaus-xbl', name: 'CBL, now part of Spamhaus XBL' },
  { seen: /\bsorbs\b/i, id: 'sorbs', name: 'SORBS' },
  { seen: /uribl/i, id: 'uribl-multi', name: 'URIBL', domain: true },
  { seen: /surbl/i, id: 'surbl-multi', name: 'SURBL', domain: true },
  { seen: /uceprotect\W{0,3}level\W{0,2}3|dnsbl-3\.uceprotect/i, id: 'uceprotect-3', name: 'UCEPROTECT level 3' },
  { seen: /uceprotect\W{0,3}level\W{0,2}2|dnsbl-2\.uceprotect/i, id: 'uceprotect-2', name: 'UCEPROTECT level 2' },
  { seen: /uceprotect/i, id: 'uceprotect-1', name: 'UCEPROTECT' },
  { seen: /backscatterer/i, id: 'backscatterer', name: 'Backscatterer' },
  { seen: /hostkarma|junkemailfilter(?!\))/i, id: 'hostkarma', name: 'HostKarma' },
  { seen: /nix ?spam|dnsbl\.manitu\.net/i, id: 'nixspam', name: 'NiX Spam' },
  { seen: /trend ?micro|\bers-(?:dul|rbl|qil)|mail-abuse\.com/i, id: 'trendmicro-rbl', name: 'Trend Micro ERS' },
  { seen: /mailspike/i, id: 'mailspike-bl', name: 'Mailspike' },
  { seen: /spamrats/i, id: 'spamrats-all', name: 'SpamRATS' },
  { seen: /spfbl/i, id: 'spfbl-dnsbl', name: 'SPFBL' },
  { seen: /\bpsbl\b/i, id: 'psbl', name: 'PSBL' },
  { seen: /0spam/i, id: '0spam-bl', name: '0spam' },
  { seen: /dronebl/i, id: 'dronebl', name: 'DroneBL' },
  { seen: /abusix/i, id: 'abusix-combined', name: 'Abusix' },
  { seen: /sender ?score|returnpath/i, id: 'validity-rpbl', name: 'Validity (Sender Score)' },
  {
    seen: /invaluement|\bivm(?:sip|uri)/i,
    id: null,
    name: 'Invaluement',
    page: 'https://www.invaluement.com/removal/',
  },
  { seen: /cloudmark|\bcm-csi/i, id: null, name: 'Cloudmark CSI', page: 'https://csi.cloudmark.com/en/reset/?ip={ip}' },
  {
    seen: /proofpoint\.com\/dnsbl-lookup|ipcheck\.proofpoint/i,
    id: null,
    name: 'Proofpoint Dynamic Reputation',
    page: 'https://ipcheck.proofpoint.com/?ip={ip}',
  },
  { seen: /cobion/i, id: null, name: 'IBM Cobion' },
  { seen: /spamrl/i, id: null, name: 'SpamRL', page: 'https://spamrl.com/' },
];

/** Bounded, for a text may be all dots. */
const HOST = /\b((?:[a-z0-9_-]{1,63}\.){1,8}[a-z]{2,24})\b/gi;

/** Every list a text names: by its zone, else by its name. `domain`: it holds domains. */
export function quotedLists(text: string, catalogue: Catalogue): (QuotedList & { domain: boolean })[] {
  const byZone = [...text.matchAll(HOST)].flatMap(([, host = '']) => {
    const list = catalogue.find(host);
    return list === undefined || list.zone !== host.toLowerCase() ? [] : [list];
  });
  const found = new Map<string, QuotedList & { domain: boolean }>();
  for (const list of byZone)
    found.set(list.id, { ...quotedOf(list), domain: list.accepts.every((kind) => kind === 'domain') });
  for (const { seen, id, name, label, domain, page } of NAMES) {
    if (!seen.test(text)) continue;
    const list = id === null ? undefined : catalogue.find(id);
    if (isKnown(list?.operator ?? name, [...found.values()], catalogue)) continue;
    const known = list === undefined ? { id, retired: false, page: null } : quotedOf(list);
    const more = { name, page: known.page ?? page ?? null, label: label ?? null, domain: domain === true };
    found.set(id ?? name, { ...known, ...more });
  }
  return [...found.values()];
}

/** A list of the catalogue as a quoted one. */
export const quotedOf = ({ id, name, retired, delisting }: List): QuotedList => ({
  id,
  name,
  retired: retired !== null,
  page: delisting.url ?? null,
  label: null,
});

/** One list of an operator is enough: what follows is a wider name for the same. */
export function isKnown(operator: string, found: readonly QuotedList[], catalogue: Catalogue): boolean {
  return found.some(({ id, name }) => name === operator || (id !== null && catalogue.find(id)?.operator === operator));
}
