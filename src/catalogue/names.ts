import { isIPv4, isIPv6 } from 'node:net';

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

/** An address with or without a port: `192.0.2.53`, `192.0.2.53:53`, `2001:db8::53`, `[2001:db8::53]:53`. */
export function isServer(text: string): boolean {
  if (isIPv4(text) || isIPv6(text)) return true;
  const [, bracketed, plain = '', port = '53'] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const rightAddress = bracketed === undefined ? isIPv4(plain) : isIPv6(bracketed);
  return rightAddress && Number(port) > 0 && Number(port) < 65536;
}
