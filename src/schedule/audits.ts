import { eq } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { audit } from '../db/schema.ts';
import { type Tracked, trackedTargets } from '../listing/tracked.ts';
import { rememberMail } from '../posture/remember.ts';
import { isSpecial } from '../posture/special.ts';
import type { Asking } from '../posture/subject.ts';
import { auditsTogether, type MailDomain, type Together } from '../posture/together.ts';
import { countOf, formatRange } from '../target.ts';
import type { AuditHow, Schedule } from './schedules.ts';

/** One audit of a run, as it goes through the queue. */
export type AuditJob = Together & AuditHow & { runId: number; schedule: string; tags: readonly string[] };

/** Gives `use` what an audit asks with. */
export type WithPosture = <T>(how: AuditHow, signal: AbortSignal, use: (asking: Asking) => Promise<T>) => Promise<T>;

/** Targets of a run at most; those that were audited longest ago come first. */
const MOST = 1000;
/** Domains that are looked up at a time, for who belongs to whom. */
const ABREAST = 8;

/**
 * What a schedule audits: tracked domains, and addresses that are tracked one by one; a network is no mail server.
 * `left`: targets that wait for another run.
 */
export async function planAudits(
  db: Pick<Database, 'orm'>,
  { name, tags }: Pick<Schedule, 'name' | 'tags'>,
  asking: Asking,
): Promise<{ audits: Together[]; left: number }> {
  const { mailDomain } = await import('../posture/mail-domain.ts');
  const tracked = await auditedTargets(db, tags, asking.allowSpecial);
  const order = await lastAudited(db, name);
  const due = tracked.toSorted((one, other) => order(one) - order(other)).slice(0, MOST);
  const addresses = tracked.filter(({ range }) => range.kind !== 'domain');
  const remembered = await rememberMail(db.orm, asking.now);
  const domains: MailDomain[] = [];
  const waiting = due.filter(({ range }) => range.kind === 'domain');
  const look = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const own = addresses.filter((address) => mayBelong(address, next as Tracked)).map(textOf);
      const domain = textOf(next);
      domains.push({ ...(await mailDomain(domain, own, remembered(domain), asking)), party: partyOf(next) });
    }
  };
  await Promise.all(Array.from({ length: ABREAST }, look));
  const audits = auditsTogether(
    domains.toSorted((one, other) => (one.domain < other.domain ? -1 : 1)),
    {
      tracked: addresses.map(textOf),
      due: due
        .filter(({ range }) => range.kind !== 'domain')
        .map((one) => ({ text: textOf(one), party: partyOf(one) })),
    },
  );
  return { audits, left: tracked.length - due.length };
}

const textOf = ({ range }: Pick<Tracked, 'range'>): string => formatRange(range);

async function auditedTargets(
  db: Pick<Database, 'orm'>,
  tags: readonly string[],
  allowSpecial: boolean,
): Promise<Tracked[]> {
  const tracked = await trackedTargets(db, tags.length === 0 ? {} : { tags });
  return tracked.filter(
    ({ range }) =>
      range.kind === 'domain' || (countOf(range) === 1n && (allowSpecial || !isSpecial(formatRange(range)))),
  );
}

/** Of different owners, or without a tag in common, they have nothing to do with each other. */
function mayBelong(address: Tracked, domain: Tracked): boolean {
  if (address.owner !== null && domain.owner !== null) return address.owner === domain.owner;
  if (address.tags.length === 0 || domain.tags.length === 0) return true;
  return address.tags.some((tag) => domain.tags.includes(tag));
}

/** Whose a target is, by owner, else by tags; empty: it is everybody's. */
function partyOf({ owner, tags }: Pick<Tracked, 'owner' | 'tags'>): string {
  return owner === null ? tags.toSorted().join(' ') : `owner ${owner}`;
}

/** The tracked domains in which names of a party's servers may lie: its own, and those that are everybody's. */
export async function domainsOf(db: Pick<Database, 'orm'>, tags: readonly string[], party: string): Promise<string[]> {
  const tracked = await trackedTargets(db, { kind: 'domain', ...(tags.length === 0 ? {} : { tags }) });
  return tracked.filter((one) => ['', party].includes(partyOf(one))).map(textOf);
}

async function lastAudited(db: Pick<Database, 'orm'>, schedule: string): Promise<(one: Tracked) => number> {
  const rows = await db.orm
    .select({ subject: audit.subject, at: audit.lastAt })
    .from(audit)
    .where(eq(audit.schedule, schedule));
  const times = new Map(rows.map(({ subject, at }) => [subject, at.getTime()]));
  return (one) => times.get(textOf(one)) ?? 0;
}
