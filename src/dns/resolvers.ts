import { getServers } from 'node:dns';
import { readFileSync } from 'node:fs';
import { UserError } from '../errors.ts';
import type { Server } from './answer.ts';

export type ServerParts = { address: string; port: number; family: 4 | 6 };

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
/** systemd-resolved's own listeners, which forward to servers that only it knows. */
const SYSTEMD_STUBS: readonly Server[] = ['127.0.0.53:53', '127.0.0.54:53'];
const SYSTEMD_UPSTREAMS = '/run/systemd/resolve/resolv.conf';

/**
 * Open resolvers that lists know and refuse: their operators see one resolver for millions of users. By name, for
 * people; addresses in canonical form (RFC 5952).
 */
const PUBLIC_RESOLVERS: Record<string, string[]> = {
  Google: ['8.8.8.8', '8.8.4.4', '2001:4860:4860::8888', '2001:4860:4860::8844', '2001:4860:4860::64'],
  Cloudflare: [
    ...['1.1.1.1', '1.0.0.1', '1.1.1.2', '1.0.0.2', '1.1.1.3', '1.0.0.3'],
    ...['2606:4700:4700::1111', '2606:4700:4700::1001', '2606:4700:4700::1112', '2606:4700:4700::1002'],
    ...['2606:4700:4700::1113', '2606:4700:4700::1003', '2606:4700:4700::64', '2606:4700:4700::6400'],
  ],
  Quad9: [
    ...['9.9.9.9', '149.112.112.112', '9.9.9.10', '149.112.112.10', '9.9.9.11', '149.112.112.11'],
    ...['9.9.9.12', '149.112.112.12', '2620:fe::fe', '2620:fe::9', '2620:fe::10', '2620:fe::fe:10'],
    ...['2620:fe::11', '2620:fe::fe:11', '2620:fe::12', '2620:fe::fe:12'],
  ],
  OpenDNS: [
    ...['208.67.222.222', '208.67.220.220', '208.67.222.220', '208.67.220.222', '208.67.222.123', '208.67.220.123'],
    ...['208.67.222.2', '208.67.220.2', '2620:119:35::35', '2620:119:53::53', '2620:119:35::123', '2620:119:53::123'],
    ...['2620:0:ccc::2', '2620:0:ccd::2'],
  ],
  AdGuard: [
    ...['94.140.14.14', '94.140.15.15', '94.140.14.15', '94.140.15.16', '94.140.14.140', '94.140.14.141'],
    ...['2a10:50c0::ad1:ff', '2a10:50c0::ad2:ff', '2a10:50c0::bad1:ff', '2a10:50c0::bad2:ff'],
    ...['2a10:50c0::1:ff', '2a10:50c0::2:ff'],
  ],
  'Verisign (now UltraDNS Public)': [
    ...['64.6.64.6', '64.6.65.6', '156.154.70.1', '156.154.71.1', '156.154.70.2', '156.154.71.2'],
    ...['156.154.70.3', '156.154.71.3', '156.154.70.4', '156.154.71.4', '156.154.70.5', '156.154.71.5'],
    ...['2620:74:1b::1:1', '2620:74:1c::2:2', '2610:a1:1018::1', '2610:a1:1019::1', '2610:a1:1018::5'],
    ...['2610:a1:1019::5'],
  ],
  'Control D': [
    ...['76.76.2.0', '76.76.10.0', '76.76.2.1', '76.76.10.1', '76.76.2.2', '76.76.10.2', '76.76.2.3', '76.76.10.3'],
    ...['76.76.2.4', '76.76.10.4', '76.76.2.5', '76.76.10.5', '76.76.2.11', '76.76.10.11'],
    ...['2606:1a40::', '2606:1a40:1::', '2606:1a40::1', '2606:1a40:1::1', '2606:1a40::2', '2606:1a40:1::2'],
    ...['2606:1a40::3', '2606:1a40:1::3', '2606:1a40::11', '2606:1a40:1::11'],
  ],
  CleanBrowsing: [
    ...['185.228.168.9', '185.228.169.9', '185.228.168.10', '185.228.169.11', '185.228.168.168', '185.228.169.168'],
    ...['2a0d:2a00:1::2', '2a0d:2a00:2::2', '2a0d:2a00:1::', '2a0d:2a00:2::', '2a0d:2a00:1::1', '2a0d:2a00:2::1'],
  ],
  Yandex: [
    ...['77.88.8.8', '77.88.8.1', '77.88.8.88', '77.88.8.2', '77.88.8.7', '77.88.8.3'],
    ...['2a02:6b8::feed:ff', '2a02:6b8:0:1::feed:ff', '2a02:6b8::feed:bad', '2a02:6b8:0:1::feed:bad'],
    ...['2a02:6b8::feed:a11', '2a02:6b8:0:1::feed:a11'],
  ],
  AliDNS: ['223.5.5.5', '223.6.6.6', '2400:3200::1', '2400:3200:baba::1'],
  DNSPod: [
    '119.29.29.29',
    '119.28.28.28',
    '182.254.116.116',
    '182.254.118.118',
    '1.12.12.12',
    '120.53.53.53',
    '2402:4e00::',
  ],
  '114DNS': [
    '114.114.114.114',
    '114.114.115.115',
    '114.114.114.119',
    '114.114.115.119',
    '114.114.114.110',
    '114.114.115.110',
  ],
  Baidu: ['180.76.76.76', '2400:da00::6666'],
  CNNIC: ['1.2.4.8', '210.2.4.8', '2001:dc7:1000::1'],
  '360 DNS': ['101.226.4.6', '218.30.118.6', '123.125.81.6', '140.207.198.6'],
  'DNS.Watch': ['84.200.69.80', '84.200.70.40', '2001:1608:10:25::1c04:b12f', '2001:1608:10:25::9249:d69b'],
  'Level 3 / Lumen': ['4.2.2.1', '4.2.2.2', '4.2.2.3', '4.2.2.4', '4.2.2.5', '4.2.2.6', '209.244.0.3', '209.244.0.4'],
  'Hurricane Electric': ['74.82.42.42', '2001:470:20::2'],
  Comodo: ['8.26.56.26', '8.20.247.20'],
  SafeDNS: ['195.46.39.39', '195.46.39.40'],
  NextDNS: ['45.90.28.0', '45.90.30.0', '2a07:a8c0::', '2a07:a8c1::'],
  DNS0: ['193.110.81.0', '185.253.5.0', '2a0f:fc80::', '2a0f:fc81::'],
  DNS4EU: ['86.54.11.1', '86.54.11.201', '86.54.11.13', '86.54.11.213', '86.54.11.100', '86.54.11.200'],
  Mullvad: ['194.242.2.2', '194.242.2.3', '194.242.2.4', '194.242.2.5', '194.242.2.6', '194.242.2.9'],
  'Alternate DNS': ['76.76.19.19', '76.223.122.150', '2602:fcbc::ad', '2602:fcbc:2::ad'],
  Freenom: ['80.80.80.80', '80.80.81.81'],
  Quad101: ['101.101.101.101', '101.102.103.104', '2001:de4::101', '2001:de4::102'],
};

const OPERATOR_OF = new Map<string, string>(
  Object.entries(PUBLIC_RESOLVERS).flatMap(([operator, addresses]) =>
    addresses.map((address): [string, string] => [address, operator]),
  ),
);

/** NextDNS gives each customer addresses of these networks. */
const PUBLIC_PREFIXES: [string, string][] = [
  ['45.90.28.', 'NextDNS'],
  ['45.90.30.', 'NextDNS'],
  ['2a07:a8c0:', 'NextDNS'],
  ['2a07:a8c1:', 'NextDNS'],
];

/**
 * `192.0.2.53`, `192.0.2.53:5300`, `2001:db8::53`, `[2001:db8::53]:5300` → the canonical form.
 * Throws UserError for anything else: a host name is no server here, it would need a resolver first.
 */
export function parseServer(text: string, defaultPort = 53): Server {
  const { address, port, family } = splitServer(text, defaultPort);
  return family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The parts of a server, its address in canonical form. Throws UserError as parseServer does. */
export function splitServer(text: string, defaultPort = 53): ServerParts {
  const match = /^(?:\[([^\]]+)\]|([^:]+)|([^[\]]*:[^[\]]*:[^[\]]*))(?::(\d{1,5}))?$/.exec(text.trim());
  const given = match?.[1] ?? match?.[2] ?? match?.[3];
  const port = match?.[4] === undefined ? defaultPort : Number(match[4]);
  const refuse = (): never => {
    throw new UserError(
      `DNS server "${text}": expected an address with an optional port, such as 192.0.2.53, 192.0.2.53:5300 or [2001:db8::53]:53`,
    );
  };
  if (given === undefined || port < 1 || port > 65535) return refuse();
  if (IPV4.test(given)) return match?.[1] === undefined ? { address: given, port, family: 4 } : refuse();
  const [bare = '', scope, ...more] = given.split('%');
  const canonical = canonicalIpv6(bare);
  if (canonical === null || more.length > 0 || scope === '') return refuse();
  const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(canonical);
  if (mapped !== null) {
    const value = ((Number.parseInt(mapped[1] ?? '', 16) << 16) | Number.parseInt(mapped[2] ?? '', 16)) >>> 0;
    return { address: [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.'), port, family: 4 };
  }
  return { address: scope === undefined ? canonical : `${canonical}%${scope}`, port, family: 6 };
}

/** RFC 5952 through URL: node:net costs 6 ms at start, and nothing else here needs it. */
function canonicalIpv6(text: string): string | null {
  if (!text.includes(':') || !/^[\da-f:.]+$/i.test(text)) return null;
  const url = URL.parse(`http://[${text}]/`);
  return url === null ? null : url.hostname.slice(1, -1);
}

/** The machine's resolvers in the order of resolv.conf. */
export function systemServers(): Server[] {
  return getServers().flatMap((text) => {
    try {
      return [parseServer(text)];
    } catch {
      return []; // resolv.conf may hold what this cannot use; the rest still serves
    }
  });
}

/**
 * The servers that really ask: those of systemd-resolved behind its 127.0.0.53, else the server itself.
 * @param file systemd's list of them, in resolv.conf format.
 */
export function upstreamServers(server: Server, file: string = SYSTEMD_UPSTREAMS): Server[] {
  if (!SYSTEMD_STUBS.includes(server)) return [server];
  try {
    const upstreams = readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
      .map((text) => parseServer(text))
      .filter((upstream) => !SYSTEMD_STUBS.includes(upstream));
    return upstreams.length > 0 ? upstreams : [server];
  } catch {
    return [server]; // no systemd here, or a file it wrote for itself
  }
}

/** The public resolver that this server is or forwards to, such as `Google`; null if it is none known. */
export function publicResolverOf(server: Server, file: string = SYSTEMD_UPSTREAMS): string | null {
  for (const upstream of upstreamServers(server, file)) {
    const { address } = splitServer(upstream);
    const operator = OPERATOR_OF.get(address) ?? PUBLIC_PREFIXES.find(([prefix]) => address.startsWith(prefix))?.[1];
    if (operator !== undefined) return operator;
  }
  return null;
}

/** Lists that refuse public resolvers are not asked through such a server. */
export function isPublicResolver(server: Server): boolean {
  return publicResolverOf(server) !== null;
}

export function isLoopback(server: Server): boolean {
  const { address, family } = splitServer(server);
  return family === 4 ? address.startsWith('127.') : address === '::1';
}
