import type { TargetKind } from '../catalogue/list.ts';
import { queryName, type Target } from '../target.ts';
import { judge } from './judge.ts';
import type { Line } from './line.ts';
import type { Lookup } from './session.ts';

const LEAST_NEW = 20;
const SHARE = 1 / 4;
const UNRELATED = 3;
const FIRST = 100;
const LISTED_TOO = 3;

/** Public resolvers, root servers and names whose listing would break the mail of everyone: nobody lists them by right. */
const WELL_KNOWN: Record<TargetKind, readonly string[]> = {
  ipv4: ['8.8.8.8', '1.1.1.1', '9.9.9.9', '198.41.0.4', '192.33.4.12', '192.5.5.241', '193.0.14.129', '199.7.83.42'],
  ipv6: [
    '2001:4860:4860::8888',
    '2606:4700:4700::1111',
    '2620:fe::fe',
    '2001:503:ba3e::2:30',
    '2001:500:2::c',
    '2001:500:2f::f',
    '2001:7fd::1',
    '2001:500:9f::42',
  ],
  domain: ['google.com', 'microsoft.com', 'apple.com', 'wikipedia.org', 'ietf.org', 'icann.org', 'iana.org', 'w3.org'],
};

/** The targets of one kind in a batch: how many were asked, and those newly listed, each with its place among them. */
export type Asked = { kind: TargetKind; asked: number; fresh: { target: Target; place: number }[] };

/**
 * Whether so many are newly listed that the list is to be doubted: 20 at least, a quarter of those asked (or of the
 * first 100), and in three unrelated networks or domains.
 */
export function isSuspicious({ asked, fresh }: Asked): boolean {
  return (
    isBurst(fresh, asked) ||
    isBurst(
      fresh.filter(({ place }) => place < FIRST),
      Math.min(asked, FIRST),
    )
  );
}

function isBurst(fresh: Asked['fresh'], asked: number): boolean {
  if (fresh.length < LEAST_NEW || fresh.length < asked * SHARE) return false;
  return new Set(fresh.map(({ target }) => relation(target))).size >= UNRELATED;
}

/** What related targets have in common: the /16, the /32 of IPv6, the domain. */
function relation({ kind, text }: Target): string {
  if (kind === 'ipv4') return text.split('.', 2).join('.');
  if (kind === 'ipv6') return text.split(':', 2).join(':');
  return text;
}

/** Asks eight names that cannot be listed; gives back those that are if they are too many, else null. */
export async function wellKnownListed(
  line: Line,
  kind: TargetKind,
  lookup: (name: string) => Promise<Lookup>,
): Promise<string[] | null> {
  const asked = await Promise.all(
    WELL_KNOWN[kind].map(async (text) => {
      const { answer } = await lookup(queryName({ kind, text }, line.zone));
      return judge(line.list, answer).kind === 'listed' ? [text] : [];
    }),
  );
  const listed = asked.flat();
  return listed.length >= LISTED_TOO ? listed : null;
}
