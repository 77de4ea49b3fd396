import type { Code, ListDefinition } from '../../src/catalogue/list.ts';
import { entries, published, type ZoneData } from './rbldnsd.ts';

/** The real zones, each with its own name, and the list of the whole world, which loads as ip4trie only. */
export function realZones(): ZoneData[] {
  return [
    { zone: 'dnsbl-1.uceprotect.net', type: 'ip4set', data: published('dnsbl-1.uceprotect.net') },
    { zone: 'dnsbl-2.uceprotect.net', type: 'ip4trie', data: published('dnsbl-2.uceprotect.net') },
    { zone: 'ips.backscatterer.org', type: 'ip4set', data: published('ips.backscatterer.org') },
    { zone: 'ips.whitelisted.org', type: 'ip4set', data: published('ips.whitelisted.org') },
    { zone: 'psbl.surriel.com', type: 'ip4set', data: entries('psbl.txt', 'Listed in PSBL, see http://psbl.org/$') },
    { zone: 'drop.lab.example', type: 'ip4trie', data: entries('spamhaus_drop.netset', 'on DROP') },
    { zone: 'bl.blocklist.de', type: 'ip4set', data: entries('blocklist_de_mail.ipset', 'attacked a mail server') },
    { zone: 'ix.dnsbl.manitu.net', type: 'ip4trie', data: entries('nixspam-ip.first300.txt', 'nix') },
  ];
}

const CODES: Record<string, Code> = {
  '127.0.0.2': { label: 'LISTED', meaning: 'is in the zone data', severity: 'medium' },
  '127.0.0.3': { label: 'OTHER', meaning: 'is there for another reason', severity: 'high' },
};

/** The lists of the lab as a catalogue file has them. @param servers where they are asked; none: through a resolver. */
export function realLists(servers: string[] = []): ListDefinition[] {
  const list = (
    id: string,
    zone: string,
    more: Omit<ListDefinition, 'id' | 'zone' | 'accepts'> = {},
  ): ListDefinition => ({
    id,
    zone,
    name: id,
    operator: id,
    accepts: ['ipv4'],
    impact: 'medium',
    codes: CODES,
    control: { ipv4: { listed: '127.0.0.2', notListed: '127.0.0.1' } },
    limits: 'none',
    ...(servers.length === 0 ? {} : { servers }),
    ...more,
  });
  return [
    list('lab-uceprotect-1', 'dnsbl-1.uceprotect.net'),
    list('lab-uceprotect-2', 'dnsbl-2.uceprotect.net', { impact: 'low', scope: 'range' }),
    list('lab-backscatterer', 'ips.backscatterer.org', { impact: 'low' }),
    list('lab-whitelisted', 'ips.whitelisted.org', { polarity: 'allow' }),
    list('lab-psbl', 'psbl.surriel.com'),
    list('lab-drop', 'drop.lab.example', { impact: 'high' }),
    list('lab-blocklist-de', 'bl.blocklist.de'),
    list('lab-nixspam', 'ix.dnsbl.manitu.net'),
  ];
}

/** Addresses of a file of single addresses, from line `from` on. */
export function addressesOf(file: string, from: number, count: number): string[] {
  return published(file)
    .split('\n')
    .filter((line) => /^\d+\.\d+\.\d+\.\d+\s*$/.test(line))
    .slice(from, from + count)
    .map((line) => line.trim());
}
