import { createRequire } from 'node:module';
import { domainToASCII } from 'node:url';

/** Domain names as targets: checked, in lower-case ASCII, without the trailing dot. */

/** A domain in canonical form, or what is wrong with it. */
export type DomainReading = { domain: string } | { wrong: string };

const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** `singleLabel`: RFC 5782 names its test domains TEST and INVALID, which have no dot. */
export function readDomain(text: string, singleLabel: boolean): DomainReading {
  const bare = text.replace(/[.。．。]$/, '');
  // Only ASCII letters may be told apart from what domainToASCII drops or cuts (`/`, `%2e`, soft hyphens).
  const stray = /[^\p{L}\p{M}\p{N}.。．。_-]/u.exec(bare)?.[0];
  if (stray !== undefined) return { wrong: `the character ${JSON.stringify(stray)} is not part of a domain` };
  const ascii = isAscii(bare) ? bare.toLowerCase() : domainToASCII(bare).toLowerCase();
  if (ascii === '') return { wrong: 'it is no domain that IDNA allows' };
  const wrong = wrongWith(ascii, singleLabel);
  return wrong === null ? { domain: ascii } : { wrong };
}

/**
 * The domain that a registrar sold, or a hoster gave out (`example.co.uk`, `someone.github.io`): what SURBL and URIBL
 * hold (public suffix list, with its private section). The name itself if it is a suffix.
 */
export function registeredDomain(domain: string): string {
  return suffixes().getDomain(domain, { allowPrivateDomains: true }) ?? domain;
}

/** The domain that a registrar sold, whatever its owner gives out below it: `amazonaws.com`, `github.io`. */
export const soldDomain = (domain: string): string => suffixes().getDomain(domain) ?? domain;

function suffixes(): typeof import('tldts') {
  // Loaded when a domain is first asked: the list of suffixes costs 30 ms, and most targets are addresses.
  tldts ??= createRequire(import.meta.filename)('tldts') as typeof import('tldts');
  return tldts;
}

let tldts: typeof import('tldts') | undefined;

const isAscii = (text: string): boolean => !/[\u0080-\uffff]/.test(text);

function wrongWith(ascii: string, singleLabel: boolean): string | null {
  const labels = ascii.split('.');
  if (labels.includes('')) return 'it has an empty label';
  if (ascii.length > 253) return `it has ${ascii.length} characters, and a name has at most 253`;
  const long = labels.find((label) => label.length > 63);
  if (long !== undefined) return `the label "${long.slice(0, 20)}…" has ${long.length} characters, at most 63 fit`;
  if (ascii.includes('_')) return 'names with "_" hold records about a domain; name the domain itself';
  const bad = labels.find((label) => !LABEL.test(label));
  if (bad !== undefined) return `the label "${bad}" begins or ends with "-"`;
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) return 'its last label is a number';
  if (labels.length === 1 && !singleLabel) return 'it has no dot';
  return null;
}
