import { type AddressKind, addressNumber } from '../address.ts';

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
const KEY_LABEL = '{key}';
/** Longest name in text form without its final dot (RFC 1035 section 2.3.4). */
const LONGEST_NAME = 253;

/** A name of DNS, ASCII, with or without the final dot; underscores are common in lists' test names. */
export function isName(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return name.length <= LONGEST_NAME && name.split('.').every((label) => LABEL.test(label));
}

/** A name in which at most one label is `{key}`, and that is not only this. */
export function isZone(text: string): boolean {
  const labels = text.split('.');
  const named = labels.filter((label) => label !== KEY_LABEL);
  return labels.length - named.length <= 1 && named.length > 0 && isName(named.join('.'));
}

/** An address with or without a port: `192.0.2.53`, `192.0.2.53:53`, `2001:db8::53`, `[fe80::53%eth0]:53`. */
export function isServer(text: string): boolean {
  if (kindOf(text) !== undefined) return true;
  const [, bracketed, plain = '', port = '53'] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const right = bracketed === undefined ? kindOf(plain) === 'ipv4' : kindOf(bracketed) === 'ipv6';
  return right && Number(port) > 0 && Number(port) < 65536;
}

function kindOf(text: string): AddressKind | undefined {
  return addressNumber(text.includes(':') ? text.replace(/%[\da-z.:-]+$/i, '') : text)?.kind;
}
