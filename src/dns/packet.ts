import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Packet as PacketType } from 'dns2';

type PacketClass = typeof PacketType;

let loaded: PacketClass | undefined;

/**
 * dns2's wire format without its clients and servers: `import 'dns2'` also loads http, http2 and tls, which costs 45 ms
 * at every start; the packet alone costs 6 ms, and only when it is first used: most replies need none. The file is no export of the package, so it is found through the
 * package's own package.json, and the whole of dns2 serves if a later version has moved it.
 */
export function packetClass(): PacketClass {
  loaded ??= loadPacket();
  return loaded;
}

function loadPacket(): PacketClass {
  const require = createRequire(import.meta.filename);
  const file = join(dirname(require.resolve('dns2/package.json')), 'packet.js');
  return existsSync(file) ? require(file) : require('dns2').Packet;
}
