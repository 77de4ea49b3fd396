import { refusalOf } from '../catalogue/codes.ts';
import type { ErrorClass, List, TargetKind } from '../catalogue/list.ts';
import type { Answer } from '../dns/answer.ts';
import { randomBelow } from '../dns/random.ts';
import type { Target } from '../target.ts';
import type { ControlReport, Health, Why } from './verdict.ts';

/** The listed controls of RFC 5782 section 5, for lists that name none of their own. */
const RFC_5782 = { ipv4: '127.0.0.2', ipv6: '::ffff:7f00:2', domain: 'test' } as const;

export type Control = {
  role: ControlReport['role'];
  target: Target;
  /** The right answer is known. False for the one of RFC 5782 on a list that was never seen to hold it. */
  certain: boolean;
};

export type Outcome =
  | { kind: 'listed'; answered: string }
  | { kind: 'absent' }
  | { kind: 'refused'; how: ErrorClass | 'rcode'; answered: string }
  /** Outside 127.0.0.0/8: the answer of a parked domain or of a resolver that rewrites NXDOMAIN. */
  | { kind: 'strange'; answered: string }
  | { kind: 'failed'; network: boolean; answered: string };

/** Why a list, or one kind of targets on it, could not be asked. */
export type Trouble = {
  health: Exclude<Health, 'healthy' | 'unproven'>;
  why: Why;
  detail: string;
  /** Another path may do better. */
  nextPath: boolean;
  /** The operator has refused us, so none of its lists is asked again, on any path. */
  endsOperator: boolean;
};

/** What a server's controls prove: `healthy` cleans and listings, `unproven` and `empty` listings only. */
export type Standing = 'healthy' | 'unproven' | 'empty';

/** The listed control, the not-listed one where the list names one, and a random one nobody can have prepared for. */
export function openingControls(list: List, kind: TargetKind, seen: boolean): Control[] {
  const named = list.control[kind];
  const listed: Control = {
    role: 'listed',
    target: { kind, text: named?.listed ?? RFC_5782[kind] },
    certain: named?.listed !== undefined || seen,
  };
  const absent: Control[] =
    named?.notListed === undefined
      ? []
      : [{ role: 'not-listed', target: { kind, text: named.notListed }, certain: true }];
  return [listed, ...absent, randomControl(kind)];
}

/** A name of a target's shape that no list may hold: RFC 2544, RFC 3849, RFC 2606. */
export function randomControl(kind: TargetKind): Control {
  return { role: 'random', target: { kind, text: randomText(kind) }, certain: true };
}

function randomText(kind: TargetKind): string {
  if (kind === 'ipv4') return `198.${18 + randomBelow(2)}.${randomBelow(256)}.${1 + randomBelow(254)}`;
  const group = (): string => (0x1000 + randomBelow(0xf000)).toString(16);
  if (kind === 'domain') return `${group()}${group()}${group()}.example.com`;
  return `2001:db8:${Array.from({ length: 6 }, group).join(':')}`;
}

/** A control counts on any answer in 127.0.0.0/8 that is not one of the list's refusals, whatever its table says. */
export function readControl(list: List, answer: Answer): Outcome {
  if (answer.kind === 'absent') return { kind: 'absent' };
  if (answer.kind === 'referral') return { kind: 'failed', network: false, answered: 'a referral' };
  if (answer.kind === 'failed') {
    if (answer.why === 'refused') return { kind: 'refused', how: 'rcode', answered: 'REFUSED' };
    return { kind: 'failed', network: answer.why !== 'budget', answered: answer.detail || answer.why };
  }
  const addresses = answer.records.filter((record) => record.type === 'A').map((record) => record.data);
  const answered = addresses.join(' ');
  const how = refusalOf(list, addresses);
  if (how !== null) return { kind: 'refused', how, answered };
  if (!addresses.every((address) => address.startsWith('127.'))) return { kind: 'strange', answered };
  return { kind: 'listed', answered };
}

/** As it is shown and stored. */
export function answeredText(outcome: Outcome): string {
  return outcome.kind === 'absent' ? 'absent' : outcome.answered;
}

export type Judged = { control: Control; outcome: Outcome };

/** What the opening controls of one kind on one server prove. The worst that they say counts. */
export function judgeOpening(judged: readonly Judged[], resolver: boolean): Standing | Trouble {
  const refused = judged.find(({ outcome }) => outcome.kind === 'refused');
  if (refused?.outcome.kind === 'refused') return refusal(refused.outcome.how, refused.outcome.answered, resolver);

  for (const { control, outcome } of judged) {
    if (control.role === 'listed') continue;
    if (outcome.kind === 'listed' || outcome.kind === 'strange') return wildcard(control, outcome.answered);
  }
  for (const { control, outcome } of judged) {
    if (outcome.kind === 'failed' && (control.certain || control.role !== 'listed')) return unreachable(outcome);
  }
  const listed = judged.find(({ control }) => control.role === 'listed');
  if (listed === undefined) return 'unproven';
  if (listed.outcome.kind === 'listed') return 'healthy';
  return listed.control.certain ? 'empty' : 'unproven';
}

/** Whether a closing control still answers as the opening one did. */
export function judgeClosing({ control, outcome }: Judged, resolver: boolean): 'good' | Trouble {
  if (outcome.kind === 'refused') return refusal(outcome.how, outcome.answered, resolver);
  if (outcome.kind === 'failed') return unreachable(outcome);
  if (control.role === 'listed') return outcome.kind === 'listed' ? 'good' : EMPTY;
  return outcome.kind === 'absent' ? 'good' : wildcard(control, outcome.answered);
}

const EMPTY: Trouble = {
  health: 'empty',
  why: 'list-empty',
  detail: 'its own listed control is absent',
  nextPath: false,
  endsOperator: false,
};

function wildcard(control: Control, answered: string): Trouble {
  const detail = `${control.target.text}, which cannot be listed, is answered with ${answered}`;
  return { health: 'wildcard', why: 'list-wildcard', detail, nextPath: false, endsOperator: false };
}

function unreachable(outcome: Extract<Outcome, { kind: 'failed' }>): Trouble {
  const why: Why = outcome.network ? 'list-unreachable' : 'budget';
  return { health: 'unreachable', why, detail: outcome.answered, nextPath: outcome.network, endsOperator: false };
}

/** REFUSED from a resolver is the resolver's own refusal, not the operator's. */
function refusal(how: ErrorClass | 'rcode', answered: string, resolver: boolean): Trouble {
  const what = how === true ? 'an error code' : how === 'rcode' ? 'rcode' : how;
  return {
    health: 'refused',
    why: 'list-refused',
    detail: how === 'rcode' ? answered : `${answered} (${what})`,
    nextPath: how === 'public-resolver',
    endsOperator: how === 'over-limit' || how === 'not-registered' || (how === 'rcode' && !resolver),
  };
}
