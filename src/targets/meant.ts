import { addressNumber, addressText } from '../address.ts';
import { cut, printable, quoted } from '../quoted.ts';

/** What a user may have meant who gave something that is not written as a target is. */

type Rule = { when: RegExp; say: (match: string[], given: string) => string | null };

const isAddress = (text: string): boolean => addressNumber(text) !== null;
const withoutZeros = (text: string): string => text.replace(/(^|\.)0+(?=\d)/g, '$1');

/** The first rule whose pattern fits and that has something to say. Order matters: a URL also has a path and a port. */
const RULES: Rule[] = [
  { when: /^$/, say: () => 'it is empty; expected an address, a prefix, a range "first-last" or a domain' },
  { when: /^[a-z][a-z0-9+.-]*:\/\//i, say: (_match, given) => `a URL is no target; write ${hostOf(given)}` },
  { when: /^mailto:(.*)$/i, say: ([, rest = '']) => eMail(rest) },
  { when: /@/, say: (_match, given) => eMail(given) },
  {
    when: /^([\da-f:.]+)%(.*)$/i,
    say: ([, address = '']) => `a zone id has a meaning on this machine only; ${plain(address)}`,
  },
  { when: /^\[([^\]]*)\](:\d*)?(\/.*)?$/, say: ([, address = '']) => `no brackets, port or path; ${plain(address)}` },
  { when: /^([\d.]+):\d+$/, say: ([, address = '']) => `a target has no port; ${plain(address)}` },
  {
    when: /^([^:/\s]*[^:/\s\d.][^:/\s]*\.[^:/\s]+):\d*$/,
    say: ([, host = '']) => (hex(host) ? null : `a target has no port; write ${host}`),
  },
  { when: /^\*\.(\S+)$/, say: ([, domain = '']) => `no wildcards; write ${domain}` },
  { when: /^(\d+(?:\.\d+){0,2})(?:\.\*)+$/, say: ([, head = '']) => `no wildcards; write ${wildcardPrefix(head)}` },
  { when: /^([\d.]+)\/([\d]+\.[\d.]+)$/, say: ([, address = '', mask = '']) => netmask(address, mask) },
  {
    when: /^(\d+\.\d+\.\d+\.\d+)\.$/,
    say: ([, address = '']) => `an address has no dot at its end; ${plain(address)}`,
  },
  {
    when: /^(\d+\.\d+\.\d+\.)(\d+)\s*-\s*(\d+)$/,
    say: ([, head = '', from = '', to = '']) => `both ends are written out: ${head}${from}-${head}${to}`,
  },
  { when: /[–—−]/, say: (_match, given) => `a range is written with "-": ${given.replace(/[–—−]/g, '-')}` },
  { when: /^[\d.]+(\/\d+)?$/, say: (_match, given) => dotted(given) },
  { when: /^(.+)\.(?:in-addr|ip6)\.arpa\.?$/i, say: ([, labels = '']) => reversed(labels) },
  {
    when: /^([^/:\s]*[^/:\s\d.][^/:\s]*)\/(.*)$/,
    say: ([, host = '']) => `a path or prefix length belongs to no domain; write ${host}`,
  },
  { when: /[\s,;]/, say: (_match, given) => severalOrNull(given) },
];

/** Why `given` cannot be read as a target, with what was meant; null where it may be one. */
export function meantBy(given: string): string | null {
  for (const rule of RULES) {
    const match = rule.when.exec(given);
    const said = match === null ? null : rule.say(match, given);
    if (said !== null) return printable(cut(said, 200));
  }
  return null;
}

const plain = (address: string): string => (isAddress(address) ? `write ${address}` : 'expected the bare address');
const hex = (text: string): boolean => /^[\da-f]*$/i.test(text);

function hostOf(url: string): string {
  const host = /^[^:]*:\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/?#]*)/.exec(url)?.[1] ?? '';
  const bare = host.replace(/^\[|\]$/g, '');
  return bare === '' ? 'the host alone' : bare;
}

function eMail(text: string): string {
  const domain = text.slice(text.lastIndexOf('@') + 1).replace(/[>\s].*$/s, '');
  return `an e-mail address is no target; write ${domain === '' ? 'its domain' : `its domain, ${domain}`}`;
}

function wildcardPrefix(head: string): string {
  const octets = head.split('.');
  return `${[...octets, '0', '0', '0'].slice(0, 4).join('.')}/${octets.length * 8}`;
}

function netmask(address: string, mask: string): string {
  const number = addressNumber(mask);
  const bits = number === null ? '' : number.value.toString(2).padStart(32, '0');
  if (!/^1*0*$/.test(bits) || bits === '') return `${quoted(mask)} is no netmask; expected a prefix length, 0 to 32`;
  return `a prefix is written with its length: ${address}/${bits.indexOf('0') < 0 ? 32 : bits.indexOf('0')}`;
}

/** Digits and dots that are no IPv4 address; null where they are one. */
function dotted(given: string): string | null {
  const [address = '', length] = given.split('/');
  if (isAddress(address)) return null;
  const rest = length === undefined ? '' : `/${length}`;
  const octets = address.split('.');
  if (octets.length === 4 && isAddress(withoutZeros(address))) {
    return `leading zeros may mean octal; write ${withoutZeros(address)}${rest}, if this is decimal`;
  }
  if (octets.length === 1 && address !== '' && Number(address) > 255 && Number(address) < 2 ** 32) {
    return `an address is written with dots: ${addressText('ipv4', BigInt(address))}${rest}`;
  }
  const large = octets.find((octet) => Number(octet) > 255);
  if (octets.length === 4 && large !== undefined)
    return `${large.slice(0, 20)} is no octet; expected four numbers, 0 to 255`;
  return `an IPv4 address has four numbers, 0 to 255, with dots between; this has ${octets.filter((octet) => octet !== '').length}`;
}

function reversed(labels: string): string | null {
  const parts = labels.split('.').reverse();
  const address = parts.length === 32 ? parts.join('').replace(/(.{4})(?!$)/g, '$1:') : parts.join('.');
  return `this is the reverse name of an address; ${plain(address)}`;
}

/** Spaces may stand around the hyphen of a range; elsewhere they part targets. */
function severalOrNull(given: string): string | null {
  if (/^[\da-f:.]+\s*-\s*[\da-f:.]+$/i.test(given)) return null;
  return 'one target at a time; expected no spaces, commas or semicolons inside it';
}
