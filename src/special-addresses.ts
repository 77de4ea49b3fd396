import { type AddressKind, addressNumber, bitsOf } from './address.ts';

/**
 * Addresses that cannot be those of a public mail server: the IANA special-purpose registries (RFC 6890 and its
 * updates), multicast, and what is not global unicast. Blocks that are reachable from everywhere and routed to real
 * machines (AS112, AMT) are left out. The first that fits gives the name, so the narrow ones stand before the wide.
 */
const SPECIAL: [prefix: string, name: string][] = [
  ['0.0.0.0/8', '"this network", RFC 791'],
  ['10.0.0.0/8', 'private, RFC 1918'],
  ['100.64.0.0/10', 'shared by providers behind NAT, RFC 6598'],
  ['127.0.0.0/8', 'loopback, RFC 1122'],
  ['169.254.0.0/16', 'link-local, RFC 3927'],
  ['172.16.0.0/12', 'private, RFC 1918'],
  ['192.0.0.0/24', 'IETF protocol assignments, RFC 6890'],
  ['192.0.2.0/24', 'documentation, RFC 5737'],
  ['192.88.99.0/24', 'the old 6to4 relay, RFC 7526'],
  ['192.168.0.0/16', 'private, RFC 1918'],
  ['198.18.0.0/15', 'benchmarking, RFC 2544'],
  ['198.51.100.0/24', 'documentation, RFC 5737'],
  ['203.0.113.0/24', 'documentation, RFC 5737'],
  ['224.0.0.0/4', 'multicast, RFC 5771'],
  ['255.255.255.255/32', 'broadcast, RFC 919'],
  ['240.0.0.0/4', 'reserved, RFC 1112'],
  ['::/128', 'the unspecified address, RFC 4291'],
  ['::1/128', 'loopback, RFC 4291'],
  ['::ffff:0:0/96', 'IPv4 in IPv6 form, RFC 4291'],
  ['64:ff9b::/96', 'translated IPv4, RFC 6052'],
  ['64:ff9b:1::/48', 'local translation of IPv4, RFC 8215'],
  ['100::/64', 'discard only, RFC 6666'],
  ['100:0:0:1::/64', 'dummy prefix, RFC 9780'],
  ['2001::/32', 'Teredo, RFC 4380'],
  ['2001:2::/48', 'benchmarking, RFC 5180'],
  ['2001:10::/28', 'ORCHID, RFC 4843'],
  ['2001:20::/28', 'ORCHID, RFC 7343'],
  ['2001::/23', 'IETF protocol assignments, RFC 2928'],
  ['2001:db8::/32', 'documentation, RFC 3849'],
  ['2002::/16', '6to4, RFC 3056'],
  ['3fff::/20', 'documentation, RFC 9637'],
  ['5f00::/16', 'segment routing, RFC 9602'],
  ['fc00::/7', 'unique local, RFC 4193'],
  ['fe80::/10', 'link-local, RFC 4291'],
  ['fec0::/10', 'site-local, RFC 3879'],
  ['ff00::/8', 'multicast, RFC 4291'],
  ['::/3', 'not global unicast, RFC 4291'],
  ['4000::/2', 'not global unicast, RFC 4291'],
  ['8000::/1', 'not global unicast, RFC 4291'],
];

type Block = { kind: AddressKind; lo: bigint; hi: bigint; prefix: string; name: string };

let blocks: Block[] | undefined;

function readBlocks(): Block[] {
  return SPECIAL.map(([prefix, name]) => {
    const [address = '', length = ''] = prefix.split('/');
    const first = addressNumber(address);
    if (first === null) throw new Error(`not a prefix: ${prefix}`);
    const size = 1n << BigInt(bitsOf(first.kind) - Number(length));
    return { kind: first.kind, lo: first.value, hi: first.value + size - 1n, prefix, name };
  });
}

/** The special block that `lo` to `hi` touches, or null. */
export function specialBlock(kind: AddressKind, lo: bigint, hi: bigint): { prefix: string; name: string } | null {
  blocks ??= readBlocks();
  return blocks.find((block) => block.kind === kind && lo <= block.hi && hi >= block.lo) ?? null;
}
