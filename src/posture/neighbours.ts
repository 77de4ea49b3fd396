import { type Check, type Finding, fail, pass, unknown } from './finding.ts';
import { isSpecial } from './special.ts';
import type { Asking, Subject } from './subject.ts';

const NET: Check = { check: 'neigh.net', severity: 'medium', rfc: null };
const ASN: Check = { check: 'neigh.asn', severity: 'medium', rfc: null };

/** What lists of neighbourhoods say of an address; they count the neighbours, so nobody has to be asked about. */
export type Said =
  | { kind: 'listed'; reason: string | null }
  | { kind: 'clean'; proven: boolean }
  | { kind: 'unknown'; why: string };
/** `sweep`: the addresses of the /24 on UCEPROTECT level 1; null: was not asked for. */
export type NeighbourLook = { net: Said; asn: Said; sweep: { listed: number; unknown: number; asked: number } | null };

/** UCEPROTECT level 2 lists a /24 with more than 4 addresses on level 1 within 7 days. */
const MOST_IN_24 = 4;

export async function checkNeighbours({ addresses }: Subject, { neighbours }: Asking): Promise<Finding[]> {
  if (neighbours === null) return [];
  const looked = addresses.filter(({ kind, text, mx }) => kind === 'ipv4' && mx === null && !isSpecial(text));
  return (await Promise.all(looked.map(async ({ text }) => judgeNeighbours(text, await neighbours(text))))).flat();
}

/** Pure. */
export function judgeNeighbours(address: string, { net, asn, sweep }: NeighbourLook): Finding[] {
  const counted =
    sweep === null
      ? ''
      : `; ${sweep.listed} of ${sweep.asked} addresses of its /24 are on level 1${sweep.unknown === 0 ? '' : `, ${sweep.unknown} unknown`}${headRoom(sweep.listed)}`;
  const move = {
    say: 'have your provider clean its network, or move to a better one; a clean address may be entered at ips.whitelisted.org',
  };
  return [
    judge(
      NET,
      address,
      net,
      `its network is on UCEPROTECT level 2${counted}`,
      `its network is not on UCEPROTECT level 2${counted}`,
      move,
    ),
    judge(
      ASN,
      address,
      asn,
      'the whole network of its provider (AS) is on UCEPROTECT level 3',
      'the network of its provider (AS) is not on UCEPROTECT level 3',
      move,
    ),
  ];
}

/** By the published threshold; the allocation may be larger or smaller than a /24. */
function headRoom(listed: number): string {
  if (listed > MOST_IN_24) return `, more than the ${MOST_IN_24} that level 2 lets pass`;
  return `: level 2 lists above ${MOST_IN_24}, so ${MOST_IN_24 + 1 - listed} more would list it`;
}

function judge(
  check: Check,
  address: string,
  said: Said,
  listed: string,
  clean: string,
  fix: { say: string },
): Finding {
  if (said.kind === 'unknown') return unknown(check, address, said.why);
  if (said.kind === 'clean') return pass(check, address, `${clean}${said.proven ? '' : ' (unproven)'}`);
  return fail(check, address, listed, { evidence: said.reason === null ? [] : [said.reason], fix });
}
