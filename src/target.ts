import { type AddressKind, addressNumber, addressText, bitsOf, ipv6Nibbles } from './address.ts';
import type { List, TargetKind } from './catalogue/list.ts';
import { readDomain, registeredDomain } from './domain.ts';
import { UserError } from './errors.ts';
import { quoted } from './quoted.ts';
import { specialBlock } from './special-addresses.ts';
import { meantBy } from './targets/meant.ts';

/**
 * What is watched. A `Target` is one address or domain in canonical form; a `TargetRange` is one domain, or all
 * addresses of one kind from `lo` to `hi`, both included.
 */

export { addressText };

export type Target = { kind: TargetKind; text: string };

export type AddressRange = { kind: AddressKind; lo: bigint; hi: bigint; domain: null };
type DomainRange = { kind: 'domain'; lo: null; hi: null; domain: string };
export type TargetRange = AddressRange | DomainRange;

/** A /116: what is still asked address by address. */
const IPV6_AT_MOST = 4096n;
const MAPPED = 0xffffn << 32n;

const EXPECTED = 'expected an IPv4 or IPv6 address, a prefix, a range "first-last" or a domain';

/** @throws UserError that says what was given, what is wrong with it and what may have been meant */
export function parseTarget(text: string, options: { allowSpecial: boolean }): TargetRange {
  const given = text.trim();
  const meant = meantBy(given);
  if (meant !== null) throw new UserError(`target ${quoted(given)}: ${meant}`);
  const range = given.includes('/') ? prefixRange(given) : (betweenRange(given) ?? singleAddress(given));
  if (range === null) return domainRange(given, options.allowSpecial);
  refuseTooMany(given, range);
  if (!options.allowSpecial) refuseSpecial(given, range);
  return range;
}

/** The range of `address/length` with host bits cleared; ::ffff:0:0/96 and narrower is folded to IPv4. Null if none. */
export function prefixOf(address: string, length: number): AddressRange | null {
  const first = addressNumber(address);
  if (first === null || length > bitsOf(first.kind)) return null;
  const size = 1n << BigInt(bitsOf(first.kind) - length);
  const lo = (first.value / size) * size;
  return folded({ kind: first.kind, lo, hi: lo + size - 1n, domain: null });
}

/** @throws UserError where `text` is no address; nothing is folded */
export function addressValue(text: string): { kind: AddressKind; value: bigint } {
  const number = addressNumber(text);
  if (number === null) throw new UserError(`address ${quoted(text)}: expected an IPv4 or IPv6 address`);
  return number;
}

/** The kind of a target in canonical form. */
export const kindOf = (text: string): TargetKind => addressNumber(text)?.kind ?? 'domain';

/** The range of one target in canonical form. */
export function rangeOf(target: string): TargetRange {
  const address = addressNumber(target);
  if (address === null) return { kind: 'domain', lo: null, hi: null, domain: target };
  return { kind: address.kind, lo: address.value, hi: address.value, domain: null };
}

/** Each target of a range, lowest first. */
export function* expand(range: TargetRange): Iterable<Target> {
  if (range.kind === 'domain') {
    yield { kind: 'domain', text: range.domain };
    return;
  }
  for (let value = range.lo; value <= range.hi; value += 1n) {
    yield { kind: range.kind, text: addressText(range.kind, value) };
  }
}

/** How many targets a range stands for. */
export const countOf = (range: TargetRange): bigint => (range.kind === 'domain' ? 1n : range.hi - range.lo + 1n);

/** The shortest way to write a range, as parseTarget reads it: address, prefix or `first-last`. */
export function formatRange(range: TargetRange): string {
  if (range.kind === 'domain') return range.domain;
  const first = addressText(range.kind, range.lo);
  if (range.lo === range.hi) return first;
  const size = countOf(range);
  const aligned = (size & (size - 1n)) === 0n && range.lo % size === 0n;
  if (aligned) return `${first}/${bitsOf(range.kind) - (size.toString(2).length - 1)}`;
  return `${first}-${addressText(range.kind, range.hi)}`;
}

/** The name that asks `zone` for a target (RFC 5782 2.1, 2.4, 3). A control may be ::ffff:a.b.c.d: nothing is folded. */
export function queryName(target: Target, zone: string): string {
  if (target.kind === 'domain') return `${target.text}.${zone}`;
  if (target.kind === 'ipv4') return `${target.text.split('.').reverse().join('.')}.${zone}`;
  const nibbles = ipv6Nibbles(addressValue(target.text).value);
  return `${[...nibbles].reverse().join('.')}.${zone}`;
}

/** The targets' names to ask a list for: a list of registered domains is asked for `example.com`, not for its host. */
export function namesToAsk(target: Target, list: Pick<List, 'asks'>): string[] {
  if (target.kind !== 'domain' || list.asks === 'as-given') return [target.text];
  const registered = registeredDomain(target.text);
  return list.asks === 'registered' ? [registered] : [...new Set([target.text, registered])];
}

function prefixRange(given: string): AddressRange {
  const [address = '', length = ''] = given.split('/');
  const number = addressNumber(address);
  const range = /^(0|[1-9]\d{0,2})$/.test(length) ? prefixOf(address, Number(length)) : null;
  if (number === null) throw new UserError(`target ${quoted(given)}: ${quoted(address)} is no address; ${EXPECTED}`);
  const most = bitsOf(number.kind);
  if (range === null) {
    throw new UserError(`target ${quoted(given)}: the prefix length is ${quoted(length)}, expected 0 to ${most}`);
  }
  const one = folded({ kind: number.kind, lo: number.value, hi: number.value, domain: null });
  if (one.lo !== range.lo) {
    throw new UserError(
      `target ${quoted(given)}: ${formatRange(one)} is not the first address of a /${length}; ` +
        `write ${formatRange(range)} for all ${countOf(range)} addresses, or ${formatRange(one)} for this one`,
    );
  }
  return range;
}

/** `first-last`, spaces around the hyphen allowed; null for text that is none, such as a domain with a hyphen. */
function betweenRange(given: string): AddressRange | null {
  const [, left = '', right = ''] = /^([\d.]+|[\da-f.]*:[\da-f:.]*)\s*-\s*([\da-f:.]+)$/i.exec(given) ?? [];
  if (left === '') return null;
  const first = addressNumber(left);
  const last = addressNumber(right);
  if (first === null && last === null && !given.includes(':')) return null;
  if (first === null || last === null) {
    const bad = first === null ? left : right;
    throw new UserError(
      `target ${quoted(given)}: ${quoted(bad)} is no address; expected two whole addresses, first-last`,
    );
  }
  if (first.kind !== last.kind) {
    throw new UserError(`target ${quoted(given)}: one end is IPv4 and the other IPv6; expected two of a kind`);
  }
  if (first.value > last.value) {
    throw new UserError(`target ${quoted(given)}: the first is above the last; write ${right}-${left}`);
  }
  return folded({ kind: first.kind, lo: first.value, hi: last.value, domain: null });
}

function singleAddress(given: string): AddressRange | null {
  const number = addressNumber(given);
  if (number !== null) return folded({ kind: number.kind, lo: number.value, hi: number.value, domain: null });
  if (!given.includes(':') && !/^[\d.]+$/.test(given)) return null;
  throw new UserError(`target ${quoted(given)}: this is no valid address; ${EXPECTED}`);
}

function domainRange(given: string, allowSpecial: boolean): DomainRange {
  const reading = readDomain(given, allowSpecial);
  if ('domain' in reading) return { kind: 'domain', lo: null, hi: null, domain: reading.domain };
  throw new UserError(`target ${quoted(given)}: ${reading.wrong}; ${EXPECTED}`);
}

/** ::ffff:a.b.c.d is the IPv4 address a.b.c.d (RFC 4291 2.5.5.2): lists hold it as such. */
function folded(range: AddressRange): AddressRange {
  if (range.kind === 'ipv4' || range.lo >> 32n !== MAPPED >> 32n || range.hi >> 32n !== MAPPED >> 32n) return range;
  return { kind: 'ipv4', lo: range.lo - MAPPED, hi: range.hi - MAPPED, domain: null };
}

function refuseTooMany(given: string, range: AddressRange): void {
  const count = countOf(range);
  if (range.kind === 'ipv4' || count <= IPV6_AT_MOST) return;
  const size = count > 10n ** 9n ? `about 10^${count.toString().length - 1}` : `${count}`;
  throw new UserError(
    `target ${quoted(given)}: ${size} addresses are too many to ask for one by one; ` +
      'IPv6 is taken up to 4096 addresses (/116 to /128): name the addresses that send mail',
  );
}

function refuseSpecial(given: string, range: AddressRange): void {
  const block = specialBlock(range.kind, range.lo, range.hi);
  if (block === null) return;
  const verb = range.lo === range.hi ? 'lies in' : 'touches';
  throw new UserError(
    `target ${quoted(given)}: it ${verb} ${block.prefix} (${block.name}), which no public list can hold; ` +
      'expected the public address that other mail servers see (--allow-special asks all the same)',
  );
}
