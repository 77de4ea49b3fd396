import { promises } from 'node:dns';
import dns2 from 'dns2';
import { FIRST, isListed, LISTS, nameOf } from './lab.ts';

/**
 * What others of Node make of the same lookups, 100 at a time: `node bench/peer.ts node:dns|dns2 SERVER TARGETS`. Prints
 * one line of JSON: what it missed and invented.
 */
const [way = '', server = '', targets = '0'] = process.argv.slice(2);
const [address = '', port = '53'] = server.split(':');

function lookup(): (name: string) => Promise<boolean> {
  if (way === 'dns2') {
    const resolve = dns2.UDPClient({ dns: address, port: Number(port), timeout: 5000 });
    return async (name) => (await resolve(name, 'A')).answers.length > 0;
  }
  const resolver = new promises.Resolver({ timeout: 1000, tries: 3 });
  resolver.setServers([server]);
  return (name) =>
    resolver.resolve4(name).then(
      (addresses) => addresses.length > 0,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOTFOUND' || error.code === 'ENODATA') return false;
        throw error;
      },
    );
}

const ask = lookup();
const lookups = Number(targets) * LISTS;
const sum = { asked: 0, missed: 0, invented: 0, unknown: 0 };
let next = 0;

async function work(): Promise<void> {
  while (next < lookups) {
    const place = next;
    next += 1;
    const target = FIRST + Math.floor(place / LISTS);
    const list = place % LISTS;
    try {
      const listed = await ask(nameOf(target, list));
      if (listed !== isListed(target, list)) sum[listed ? 'invented' : 'missed'] += 1;
    } catch {
      sum.unknown += 1;
    }
    sum.asked += 1;
  }
}

await Promise.all(Array.from({ length: 100 }, work));
console.log(JSON.stringify(sum));
process.exit(0);
