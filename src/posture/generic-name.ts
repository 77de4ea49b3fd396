import { addressNumber, ipv6Nibbles } from '../address.ts';
import { soldDomain } from '../domain.ts';

/**
 * Does a reverse name look as if it were made for every address of a network, as those of dial-up lines are? Three
 * octets of the address in a row, or a word of such lines, say so; two octets are worth a note. `static` does not
 * count: what is static may well send mail.
 */
export type NameLook = { generic: boolean; why: string | null };

const WORDS = new Set(
  (
    'dyn dynamic dynip dynamicip dhcp pool pools dial dialin dialup dip ppp pppoe adsl vdsl xdsl sdsl hdsl dsl cable ' +
    'cablelink catv cdma cm cpe modem broadband hsi cust customer customers client clients clnt abo user users subscriber subs wireless ' +
    'wifi wimax mobile lte gprs umts 3g 4g 5g ftth fttx fttb fiber fibre home residential res unassigned unused ' +
    'unallocated unknown nat cgnat internet-access'
  ).split(' '),
);
/** Words that stand within longer ones, as in `xdslpool`, `mydhcphost`. */
const WITHIN = /dynamic|dhcp|dialup|pppoe|[avx]dsl|broadband|dynip/;

/** The words of the domain itself say nothing about the host (`mail.dynamic.com`); numbers anywhere do. */
export function lookAtName(given: string, address: string): NameLook {
  const name = given.toLowerCase();
  const number = addressNumber(address);
  if (number === null) return { generic: false, why: null };
  const octets =
    number.kind === 'ipv4'
      ? ipv4Look(name, address.split('.').map(Number), Number(number.value))
      : ipv6Look(name, ipv6Nibbles(number.value));
  if (octets?.generic === true) return octets;
  const word = wordOf(hostPart(name, soldDomain(name)));
  if (word !== null) return { generic: true, why: `it holds the word "${word}"` };
  if (/(^|\D)\d{1,3}(?:[-._]\d{1,3}){3}(\D|$)/.test(name))
    return { generic: true, why: 'it holds four numbers in a row, as of an address' };
  return octets ?? { generic: false, why: null };
}

function hostPart(name: string, zone: string): string {
  if (name === zone) return '';
  return name.endsWith(`.${zone}`) ? name.slice(0, -zone.length - 1) : name;
}

function wordOf(host: string): string | null {
  const parts = host.split(/[^a-z0-9]+/).flatMap((part) => [part, ...part.split(/\d+/)]);
  return parts.find((part) => WORDS.has(part)) ?? WITHIN.exec(host)?.[0] ?? null;
}

const SEPARATOR = '[-._x]';

function ipv4Look(host: string, octets: number[], value: number): NameLook | null {
  const runs = (length: number): number[][] => {
    const forward = Array.from({ length: 5 - length }, (_, at) => octets.slice(at, at + length));
    return [...forward, ...forward.map((run) => run.toReversed())];
  };
  const holds = (run: number[]): boolean => {
    const apart = new RegExp(`(^|\\D)${run.map((octet) => `0{0,2}${octet}`).join(SEPARATOR)}(\\D|$)`);
    return apart.test(host) || host.includes(run.map((octet) => String(octet).padStart(3, '0')).join(''));
  };
  const said = (run: number[]): string => `it holds ${run.join('.')} of the address`;
  const three = runs(3).find(holds);
  if (three !== undefined) return { generic: true, why: said(runs(4).find(holds) ?? three) };
  const hex = octets.map((octet) => octet.toString(16).padStart(2, '0'));
  for (const order of [hex, hex.toReversed()])
    for (const run of [order.join(''), order.join('-'), order.join('.')])
      if (new RegExp(`(^|[^0-9a-f])(0x)?${run}([^0-9a-f]|$)`).test(host) || host.includes(`x${run}`))
        return { generic: true, why: `it holds the address in hexadecimal (${run})` };
  if (new RegExp(`(^|\\D)${value}(\\D|$)`).test(host) && value > 0xffffff)
    return { generic: true, why: `it holds the address as one number (${value})` };
  const whole = octets.join('');
  if (whole.length >= 8 && new RegExp(`(^|\\D)${whole}(\\D|$)`).test(host))
    return { generic: true, why: `it holds the digits of the address (${whole})` };
  const two = runs(2).find(holds);
  return two === undefined ? null : { generic: false, why: `${said(two)}; two octets alone are not held against it` };
}

/** Three groups in a row that are not zero, or 12 hexadecimal digits in a row, forwards or nibble by nibble backwards. */
function ipv6Look(host: string, nibbles: string): NameLook | null {
  const groups = nibbles.match(/.{4}/g) ?? [];
  const short = groups.map((group) => group.replace(/^0{1,3}/, ''));
  for (let at = 0; at + 3 <= groups.length; at++) {
    if (short.slice(at, at + 3).every((group) => group === '0')) continue;
    const run = short.slice(at, at + 3).map((group) => `0{0,3}${group}`);
    if (new RegExp(`(^|[^0-9a-f])${run.join(SEPARATOR)}([^0-9a-f]|$)`).test(host))
      return { generic: true, why: `it holds ${short.slice(at, at + 3).join(':')} of the address` };
  }
  const flat = host.replaceAll(/[-._]/g, '');
  const reversed = [...nibbles].reverse().join('');
  for (const text of [nibbles, reversed])
    for (let at = 0; at + 12 <= 32; at++) {
      const run = text.slice(at, at + 12);
      if (!/^(.)\1*$/.test(run) && flat.includes(run))
        return { generic: true, why: `it holds ${run} of the address in hexadecimal` };
    }
  return null;
}
