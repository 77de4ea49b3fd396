import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ListDefinition } from '../src/catalogue/list.ts';
import { type LabServer, startLab } from '../test/lab/server.ts';

/** The world around a soak: lists on which listings come and go, and somebody who is told. */

/** Three operators with limits, whose parts of a scan run side by side, and two lists without. */
const LISTS = ['a', 'b', 'c', 'd', 'e'];
export const NETWORK = '192.0.2.0/24';

/** What happened to a target on a list, as `target list kind`. */
export type Happening = string;

export type SoakLists = {
  lab: LabServer;
  definitions: ListDefinition[];
  /** Lists something new and takes something old away, on every list that is not failing. Returns what happened. */
  turn(scan: number): Happening[];
  /** Takes everything away that is still listed. */
  clear(): Happening[];
  /** Has one list say nothing, or SERVFAIL, until it is told otherwise. */
  fail(list: string | null, how?: 'silence' | 'servfail'): void;
};

export async function startLists(): Promise<SoakLists> {
  let failing: { list: string; how: 'silence' | 'servfail' } | null = null;
  /** By list, the last byte of what is listed and the scan before which it goes. */
  const held = new Map(LISTS.map((id) => [id, new Map<number, number>()]));
  /** Each target comes and goes once on a list: more often within a day would be told as one flapping. */
  const fresh = new Map(LISTS.map((id) => [id, shuffled(Array.from({ length: 256 }, (_, byte) => byte))]));
  const lab = await startLab(({ name }) => {
    const [last, third, , first, list = ''] = name.split('.');
    if (failing?.list === list) return { [failing.how]: true };
    const listed = first === '127' ? last === '2' : third === '2' && held.get(list)?.has(Number(last)) === true;
    return listed ? { a: ['127.0.0.2'], txt: [`listed by ${list}`], delay: 5 } : { nxdomain: true, delay: 5 };
  });
  const take = (list: string, due: (until: number) => boolean): Happening[] => {
    const gone = [...(held.get(list) ?? [])].filter(([, until]) => due(until));
    for (const [byte] of gone) held.get(list)?.delete(byte);
    return gone.map(([byte]) => `192.0.2.${byte} ${list} delisted`);
  };
  return {
    lab,
    definitions: LISTS.map((id, at): ListDefinition => {
      const limits = at < 3 ? { limits: { perSecond: 300, perDay: 10_000_000 } } : {};
      const control = { listed: '127.0.0.2', notListed: '127.0.0.1' };
      return { id, zone: `${id}.example`, accepts: ['ipv4'], servers: [lab.address], control, ...limits };
    }),
    turn: (scan) =>
      LISTS.filter((list) => list !== failing?.list).flatMap((list) => {
        const away = take(list, (until) => until <= scan);
        const come = fresh.get(list)?.splice(0, Math.floor(Math.random() * 4)) ?? [];
        for (const byte of come) held.get(list)?.set(byte, scan + 3 + Math.floor(Math.random() * 8));
        return [...away, ...come.map((byte) => `192.0.2.${byte} ${list} listed`)];
      }),
    clear: () => LISTS.flatMap((list) => take(list, () => true)),
    fail(list, how = 'silence') {
      failing = list === null ? null : { list, how };
    },
  };
}

function shuffled<T>(items: T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

export type Desk = {
  url: string;
  /** What it was told of listings, each telling, however often. What nobody saw clean before, `found`, is listed too. */
  told: { message: string; what: Happening }[];
  /** Answers 503 until it is told otherwise. */
  refuse(refusing: boolean): void;
  close(): void;
};

type Body = { data: { id: string; notices?: { reason: string; listing?: { target: string; list: string } }[] } };

/** A webhook's receiver. */
export async function startDesk(): Promise<Desk> {
  const told: Desk['told'] = [];
  let refusing = false;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (refusing) return response.writeHead(503).end();
      const { data } = JSON.parse(Buffer.concat(parts).toString('utf8')) as Body;
      for (const { reason, listing } of data.notices ?? []) {
        // That we cannot see for a while is told too, and is right.
        if (listing === undefined) continue;
        const kind = reason === 'found' ? 'listed' : reason;
        told.push({ message: data.id, what: `${listing.target} ${listing.list} ${kind}` });
      }
      response.end('{}');
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    told,
    refuse(now) {
      refusing = now;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
