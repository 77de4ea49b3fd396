import { addressIn, type CheckId, type Finding } from '../posture/finding.ts';
import type { Step } from './advice.ts';
import type { Actor } from './facts.ts';

/** What a list's own demands and an audit say together: will it let the target out? Pure. */

/**
 * - `ready`: every demand that can be seen is met.
 * - `your-word`: the same, and the operator wants the cause gone, which only you can say.
 * - `blocked`: a demand is not met, or another listing has to end first.
 * - `unknown`: a demand could not be looked at.
 * - `provider`, `nobody`: others act, or time does.
 */
export type Verdict = 'ready' | 'your-word' | 'blocked' | 'unknown' | 'provider' | 'nobody';

type Demand = {
  /** As the catalogue has it. */
  requirement: string;
  text: string;
  /** Of the check that decides. */
  why: string;
  /** A command, for an unknown; what to change, for one that is not met. */
  todo: string | null;
};

export type Readiness = {
  verdict: Verdict;
  /** One sentence: `Spamhaus PBL will let you out: …`. */
  says: string;
  met: Demand[];
  blockers: Demand[];
  unknowns: Demand[];
  /** Not in order, and not demanded by this list, but looked at by its operator. */
  advised: Demand[];
  /** Demands that only you can speak to, with what was seen that bears on them. */
  yourWord: { requirement: string; text: string; evidence: string[] }[];
};

/** Demands that checks decide: all that are named have to pass. */
const DECIDED_BY: Record<string, CheckId[]> = {
  'ptr.exists': ['ptr.exists'],
  'ptr.fcrdns': ['ptr.exists', 'ptr.fcrdns'],
  'ptr.not_generic': ['ptr.not_generic'],
  'ptr.own_domain': ['ptr.own_domain'],
  'helo.fqdn': ['helo.fqdn'],
  'helo.resolves': ['helo.resolves'],
  'relay.closed': ['relay'],
  'postmaster.answers': ['role.postmaster'],
  'spf.present': ['spf.record'],
  'spf.pass': ['spf.pass'],
  'dkim.present': ['dkim.key'],
  'dmarc.present': ['dmarc.record'],
  'neighbours.clean': ['neigh.net'],
  'asn.clean': ['neigh.asn'],
};
/** Demands about what sent the mail; an operator's statement, never proven from here. */
const CAUSE = new Set(['cause_stopped', 'open_proxy.none']);

/** The command that settles a demand of which nothing is known. */
const SETTLED_BY: Record<string, string> = {
  'ptr.own_domain': 'dnsblwatch audit YOUR-DOMAIN {target}',
  'helo.fqdn': 'dnsblwatch audit {target} --helo NAME',
  'helo.resolves': 'dnsblwatch audit {target} --helo NAME',
  'relay.closed': 'dnsblwatch audit {target} --open-relay, from another network',
  'postmaster.answers': 'dnsblwatch audit YOUR-DOMAIN {target}',
  'dkim.present': 'dnsblwatch audit YOUR-DOMAIN --dkim-selector SELECTOR',
  'neighbours.clean': 'dnsblwatch check {target} --lists uceprotect-2',
  'asn.clean': 'dnsblwatch check {target} --lists uceprotect-3',
};

export type ReadinessInput = {
  /** The list's name, with the label of the code: `Spamhaus PBL`. */
  name: string;
  target: string;
  step: Step;
  findings: readonly Finding[];
  /** A demand in the reader's words. */
  text: (requirement: string) => string;
};

export function readinessOf({ name, target, step, findings, text }: ReadinessInput): Readiness {
  const relevant = findings.filter(({ subject }) => concerns(subject, target));
  const judged = step.demands.map((requirement) => ({ requirement, ...judge(requirement, relevant, target, text) }));
  const of = (state: Judged['state']): Demand[] =>
    judged.filter((one) => one.state === state).map(({ demand }) => demand);
  const [met, blockers, unknowns] = [of('met'), of('unmet'), of('unknown')];
  const advised = step.advises
    .map((requirement) => judge(requirement, relevant, target, text))
    .filter(({ state }) => state === 'unmet')
    .map(({ demand }) => demand);
  const yourWord = judged
    .filter(({ state }) => state === 'stated')
    .map(({ requirement }) => ({
      requirement,
      text: text(requirement),
      evidence: CAUSE.has(requirement) ? causeEvidence(relevant) : [],
    }));
  const verdict = verdictOf(step, { blockers, unknowns });
  return {
    verdict,
    says: sentence(name, verdict, step, { met, blockers, unknowns, yourWord }),
    met,
    blockers,
    unknowns,
    advised,
    yourWord,
  };
}

/** Findings of other addresses say nothing about this one; those of a domain do. */
function concerns(subject: string, target: string): boolean {
  const address = addressIn(subject);
  return address === null || address === target;
}

type Judged = { state: 'met' | 'unmet' | 'unknown' | 'stated'; demand: Demand };

function judge(
  requirement: string,
  findings: readonly Finding[],
  target: string,
  text: ReadinessInput['text'],
): Judged {
  const demand = (why: string, todo: string | null): Demand => ({ requirement, text: text(requirement), why, todo });
  const checks = DECIDED_BY[requirement];
  if (checks === undefined) return { state: 'stated', demand: demand('', null) };
  const seen = checks.map((check) => worst(findings.filter((one) => one.check === check)));
  const failed = seen.find((one) => one?.outcome === 'fail');
  if (failed !== undefined && failed !== null)
    return { state: 'unmet', demand: demand(failed.why, failed.fix?.say ?? null) };
  const settle = (SETTLED_BY[requirement] ?? 'dnsblwatch audit {target}').replace('{target}', target);
  const open = seen.find((one) => one?.outcome === 'unknown');
  if (open !== undefined && open !== null) return { state: 'unknown', demand: demand(open.why, open.settle ?? settle) };
  const passed = seen.filter((one) => one !== null && (one.outcome === 'pass' || one.outcome === 'warn'));
  if (passed.length < checks.length) return { state: 'unknown', demand: demand('was not looked at', settle) };
  return { state: 'met', demand: demand(passed.map((one) => one?.why).join('; '), null) };
}

const ORDER = ['fail', 'unknown', 'warn', 'pass', 'not-applicable'];

/** Of several findings of one check the one that decides; null: there is none. */
function worst(findings: readonly Finding[]): Finding | null {
  return findings.toSorted((one, other) => ORDER.indexOf(one.outcome) - ORDER.indexOf(other.outcome))[0] ?? null;
}

/** What was seen that bears on whether the cause is gone; it never proves it. */
function causeEvidence(findings: readonly Finding[]): string[] {
  const relay = findings.filter(({ check, outcome }) => check === 'relay' && outcome !== 'not-applicable');
  const auth = findings.filter(({ check, outcome }) => check === 'auth.plain' && outcome === 'fail');
  return [...relay.map(({ why }) => `open relay: ${why}`), ...auth.map(({ why }) => `log-ins: ${why}`)];
}

const OTHERS: Partial<Record<Actor, Verdict>> = { provider: 'provider', 'as-operator': 'provider', nobody: 'nobody' };

function verdictOf(step: Step, { blockers, unknowns }: Pick<Readiness, 'blockers' | 'unknowns'>): Verdict {
  const others = OTHERS[step.actor];
  if (others !== undefined) return others;
  if (blockers.length > 0 || step.blockedBy.length > 0) return 'blocked';
  if (unknowns.length > 0) return 'unknown';
  return step.demands.some((requirement) => CAUSE.has(requirement)) ? 'your-word' : 'ready';
}

type Parts = Pick<Readiness, 'met' | 'blockers' | 'unknowns' | 'yourWord'>;

function sentence(name: string, verdict: Verdict, step: Step, { met, blockers, unknowns, yourWord }: Parts): string {
  const listed = (demands: readonly Demand[]): string => demands.map(({ why }) => why).join('; ');
  const right =
    met.length === 0 ? 'it demands nothing that can be seen from outside' : `${met.map(({ why }) => why).join('; ')}`;
  switch (verdict) {
    case 'ready':
      return `${name} will let you out: ${right}.`;
    case 'your-word':
      return `${name} will let you out once the cause is gone, which only you can say${met.length === 0 ? '' : `; the rest is right: ${right}`}.`;
    case 'blocked': {
      const first = step.blockedBy.map(({ list, label }) => `${label} on ${list} has to end first`);
      return `${name} will not let you out: ${[listed(blockers), ...first].filter((part) => part !== '').join('; ')}.`;
    }
    case 'unknown':
      return `${name}: not known yet, for ${unknowns.map(({ text, why }) => `"${text}" is open (${why})`).join('; ')}.`;
    case 'provider':
      return `${name} takes no request from you: your provider has to act.`;
    case 'nobody':
      return `${name} lets nobody out on request: it ends by itself${yourWord.length === 0 ? '' : ' once the cause is gone'}.`;
  }
}
