import dgram from 'node:dgram';
import { addressNumber } from '../address.ts';
import type { Ask, Server } from '../dns/answer.ts';
import { resolverLookup } from '../dns/lookup.ts';
import { splitServer } from '../dns/resolvers.ts';
import { plain } from '../output/plain.ts';
import { reverseNames } from '../posture/reverse-names.ts';
import { specialBlock } from '../special-addresses.ts';
import { type Finding, note, ok } from './finding.ts';

/**
 * What the address that this machine asks from is called. Some operators answer only those whose reverse name shows
 * whose they are.
 * - `private`: no public address; the one that lists see is a router's or the provider's.
 * - `astray`: the name does not lead back to the address.
 * - `unknown`: nobody could be asked, or no way out.
 */
export type ReverseName =
  | { kind: 'good' | 'astray'; address: string; name: string }
  | { kind: 'none' | 'private'; address: string }
  | { kind: 'unknown'; detail: string };

type Asking = { ask: Ask /** Milliseconds. */; timeout: number; signal?: AbortSignal };

/** The source address of packets to `toward`, as the routing table has it; nothing is sent. null: no way there. */
export function sendingAddress(toward: Server): Promise<string | null> {
  const { address, port, family } = splitServer(toward);
  const socket = dgram.createSocket(family === 4 ? 'udp4' : 'udp6');
  return new Promise((resolve) => {
    const end = (own: string | null): void => {
      socket.close();
      resolve(own);
    };
    socket.once('error', () => end(null));
    socket.connect(port, address, () => end(socket.address().address));
  });
}

/** Asks the first resolver that answers for the reverse name of the address, and whether the name leads back. */
export async function lookUpReverseName(
  address: string | null,
  resolvers: readonly Server[],
  { ask, timeout, signal }: Asking,
): Promise<ReverseName> {
  const number = address === null ? null : addressNumber(address);
  if (address === null || number === null) return { kind: 'unknown', detail: 'this machine has no way out' };
  if (specialBlock(number.kind, number.value, number.value) !== null) return { kind: 'private', address };
  const [first, ...others] = resolvers;
  if (first === undefined) return { kind: 'unknown', detail: 'this machine names no resolver' };
  const lookup = resolverLookup(ask, [first, ...others], {
    deadline: timeout,
    ...(signal === undefined ? {} : { signal }),
  });
  const found = await reverseNames(lookup, { kind: number.kind, text: address });
  if (found.kind === 'none') return { kind: 'none', address };
  if (found.kind === 'failed')
    return { kind: 'unknown', detail: `no resolver answered for the reverse name of ${address} (${plain(found.why)})` };
  const [good] = found.confirmed.toSorted();
  if (good !== undefined) return { kind: 'good', address, name: plain(good) };
  if (found.failed !== null)
    return {
      kind: 'unknown',
      detail: `no resolver answered for the reverse names of ${address} (${plain(found.failed)})`,
    };
  return { kind: 'astray', address, name: plain(found.names.toSorted()[0] ?? '') };
}

/** No problem by itself: only some operators mind, and their refusal says what to do. */
export function reverseNameFinding(reverse: ReverseName): Finding {
  switch (reverse.kind) {
    case 'good':
      return ok('reverse-name', `${reverse.address}, from which lists are asked, is ${reverse.name}, and back`);
    case 'astray':
      return note(
        'reverse-name',
        `${reverse.address}, from which lists are asked, is called ${reverse.name}, which does not lead back to it; some operators refuse such`,
      );
    case 'none':
      return note(
        'reverse-name',
        `${reverse.address}, from which lists are asked, has no reverse name; some operators refuse such`,
      );
    case 'private':
      return note(
        'reverse-name',
        `${reverse.address} is no public address: lists see the one of the router in between, whose reverse name cannot be looked up here`,
      );
    case 'unknown':
      return note('reverse-name', reverse.detail);
  }
}
