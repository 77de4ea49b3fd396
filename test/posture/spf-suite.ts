import { readFileSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import { SUITES, type Zone } from './zone.ts';

/** The openspf.org suites (RFC 7208, RFC 4408) as data. */
export type SpfCase = {
  section: string;
  name: string;
  sender: string;
  helo: string;
  address: string;
  /** Any of these is right. */
  results: string[];
  explanation: string | null;
  zone: Zone;
};

type RawTest = { helo: string; host: string; mailfrom: string; result: string | string[]; explanation?: string };
type RawSection = { description: string; tests: Record<string, RawTest>; zonedata: Record<string, unknown[]> };

export function spfCases(file: string): SpfCase[] {
  const sections = loadAll(readFileSync(`${SUITES}spf/${file}`, 'utf8')) as (RawSection | null)[];
  return sections
    .filter((section) => section !== null)
    .flatMap(({ description, tests, zonedata }) => {
      const zone = zoneOf(zonedata);
      return Object.entries(tests).map(([name, test]) => ({
        section: description,
        name,
        sender: test.mailfrom,
        helo: test.helo,
        address: test.host,
        results: [test.result].flat(),
        explanation: test.explanation ?? null,
        zone,
      }));
    });
}

/** A record of type SPF counts as TXT where the name has none of its own; TXT: NONE says that it has none. */
function zoneOf(raw: Record<string, unknown[]>): Zone {
  const zone: Zone = {};
  for (const [name, entries] of Object.entries(raw)) {
    const entry: Record<string, string[]> & { fails?: string } = {};
    const spf: string[] = [];
    for (const one of entries) {
      if (one === 'TIMEOUT') (entry as { fails?: string }).fails = 'timeout';
      else
        for (const [type, data] of Object.entries(one as Record<string, unknown>)) {
          if (type === 'SPF') spf.push(textOf(data));
          else if (type === 'CNAME') (entry as unknown as { CNAME: string }).CNAME = String(data).toLowerCase();
          else {
            entry[type] ??= [];
            entry[type].push(
              type === 'MX' ? (data as unknown[]).join(' ') : type === 'TXT' ? textOf(data) : String(data),
            );
          }
        }
    }
    if (entry.TXT?.includes('NONE')) delete entry.TXT;
    else if (entry.TXT === undefined && spf.length > 0) entry.TXT = spf;
    zone[name.toLowerCase()] = entry as Zone[string];
  }
  return zone;
}

const textOf = (data: unknown): string => (Array.isArray(data) ? data.join('') : String(data ?? ''));
