import type { Code, Delisting, List } from '../catalogue/list.ts';
import type { Target } from '../target.ts';
import { type Say, sayIn, spanText } from '../text/say.ts';
import { durationMs } from './duration.ts';
import { type Actor, actorOf, definitionOf, factsOf, isAskedFor, type SeenLabel } from './facts.ts';
import { requirementText } from './requirements.ts';

/** What to do to leave a list, from the facts of the catalogue and what was seen. Pure; times are Dates. */

export type Removal = { label: string | null; requestedAt: Date; withdrawnAt: Date | null; note: string | null };

/** A listing that is open now; `since` is null where it was only looked up and never recorded. */
export type OpenListing = {
  list: List;
  codes: SeenLabel[];
  since: Date | null;
  cleanBefore: Date | null;
  reason: string | null;
  removals: Removal[];
};

/** When a listing ends by itself: `earliest` if nothing has happened since, `latest` if nothing happens from now on. */
type Expiry = { after: string; earliest: Date; latest: Date; outlasted: boolean };

/** The way off for codes of one list that are left in the same way. */
export type Step = {
  codes: SeenLabel[];
  actor: Actor;
  who: string;
  /** The operator's page, the target filled in. */
  page: string | null;
  requires: string[];
  /** The same as the catalogue has them, for an audit to be laid beside them; and what is only advised. */
  demands: string[];
  advises: string[];
  /** Open listings that have to end first. */
  blockedBy: { list: string; label: string }[];
  /** The wider list whose removal ends this one as well. */
  sameAs: string | null;
  time: string;
  expiry: Expiry | null;
  /** From when asking makes sense; null: nobody asks, or something else comes first. */
  askFrom: Date | null;
  /** The request that is under way. */
  asked: Removal | null;
  dont: string[];
  notes: string[];
};

export type Advice = { list: string; name: string; target: string; steps: Step[] };

const ENGLISH = sayIn('en');

/** `openListings`: all of this target, on this list and on others; they decide what comes first. `say`: the language. */
export function adviceFor(
  list: List,
  target: Target,
  codes: SeenLabel[],
  openListings: readonly OpenListing[],
  now: Date,
  say: Say = ENGLISH,
): Advice {
  const groups = Map.groupBy(
    codes.filter((seen) => blocks(list, definitionOf(list, seen))),
    (seen) => JSON.stringify(factsOf(list, definitionOf(list, seen)?.delisting)),
  );
  const steps = [...groups.values()].map((seen) => stepOf(list, target, seen, openListings, now, say));
  return { list: list.id, name: list.name, target: target.text, steps };
}

/** The advice for all listings of a target, in the order in which to act. */
export function adviceInOrder(target: Target, openListings: readonly OpenListing[], now: Date): Advice[] {
  const advices = openListings.map(({ list, codes }) => adviceFor(list, target, codes, openListings, now));
  const blockers = new Set(advices.flatMap(({ steps }) => steps.flatMap(({ blockedBy }) => blockedBy.map(keyOf))));
  const rank = (advice: Advice): number =>
    Math.min(
      ...advice.steps.map((step) =>
        rankOf(
          step,
          step.codes.some(({ label }) => blockers.has(keyOf({ list: advice.list, label }))),
        ),
      ),
    );
  return advices.filter(({ steps }) => steps.length > 0).toSorted((a, b) => rank(a) - rank(b));
}

const keyOf = ({ list, label }: { list: string; label: string }): string => `${list}|${label}`;

/** What others wait for, what can be done now, what has to wait, what somebody else does, what ends by itself. */
function rankOf(step: Step, blocksOthers: boolean): number {
  if (step.sameAs !== null) return 5;
  if (blocksOthers) return 0;
  if (step.blockedBy.length > 0) return 2;
  return { you: 1, anyone: 1, unknown: 3, provider: 3, 'as-operator': 3, nobody: 4 }[step.actor];
}

function stepOf(
  list: List,
  target: Target,
  codes: SeenLabel[],
  open: readonly OpenListing[],
  now: Date,
  say: Say,
): Step {
  const facts = factsOf(list, codes[0] === undefined ? undefined : definitionOf(list, codes[0])?.delisting);
  const own = open.find((listing) => listing.list.id === list.id);
  const actor = actorOf(list, facts);
  const asked = openRemoval(own?.removals ?? [], codes);
  const blockedBy = blockersOf(list, facts, open);
  const byHand = isAskedFor(facts) || actor === 'provider' || actor === 'as-operator';
  return {
    codes,
    actor,
    who: whoText(actor, facts, target, say),
    page: pageOf(facts.url, target),
    requires: (facts.requires ?? []).map((requirement) => requirementText(requirement, say)),
    demands: facts.requires ?? [],
    advises: facts.advises ?? [],
    blockedBy,
    sameAs: widerListOf(list, codes, open),
    time: timeText(facts, actor, say),
    expiry: expiryOf(facts.autoExpiry, own?.since ?? null, now, say),
    askFrom: byHand && blockedBy.length === 0 ? askFrom(asked, facts, now) : null,
    asked,
    dont: dontTexts(facts, actor, asked, say),
    notes: [facts.warning, facts.note].filter((text) => text !== undefined),
  };
}

/** Codes that say something good, or nothing of weight, are not left. */
function blocks(list: List, code: Code | undefined): boolean {
  return (code?.polarity ?? list.polarity) === 'block' && code?.severity !== 'info';
}

function blockersOf(list: List, facts: Delisting, open: readonly OpenListing[]): Step['blockedBy'] {
  const first = facts.after ?? [];
  return open
    .filter((listing) => listing.list.operator === list.operator)
    .flatMap((listing) =>
      listing.codes.filter(({ label }) => first.includes(label)).map(({ label }) => ({ list: listing.list.id, label })),
    )
    .filter((blocker, index, all) => all.findIndex(({ label }) => label === blocker.label) === index);
}

/** ZEN holds what SBL holds: one request ends both. */
function widerListOf(list: List, codes: SeenLabel[], open: readonly OpenListing[]): string | null {
  const wider = open.find(
    (other) =>
      other.list.contains.includes(list.id) &&
      codes.every(({ label }) => other.codes.some((code) => code.label === label)),
  );
  return wider?.list.id ?? null;
}

function openRemoval(removals: Removal[], codes: SeenLabel[]): Removal | null {
  const fitting = removals.filter(
    ({ label, withdrawnAt }) => withdrawnAt === null && (label === null || codes.some((code) => code.label === label)),
  );
  return fitting.toSorted((a, b) => b.requestedAt.getTime() - a.requestedAt.getTime())[0] ?? null;
}

/** Not while a request is under way and within its usual time. */
function askFrom(asked: Removal | null, facts: Delisting, now: Date): Date | null {
  if (asked === null) return now;
  const usual = durationMs(facts.usualTime);
  return usual === null ? null : new Date(Math.max(now.getTime(), asked.requestedAt.getTime() + usual));
}

function expiryOf(after: string | undefined, since: Date | null, now: Date, say: Say): Expiry | null {
  const ms = durationMs(after);
  if (ms === null) return null;
  const fromSince = (since ?? now).getTime() + (since === null ? 0 : ms);
  return {
    after: spanText(ms, say),
    earliest: new Date(Math.max(fromSince, now.getTime())),
    latest: new Date(now.getTime() + ms),
    // It should be gone if nothing had happened since it was first seen: what caused it goes on.
    outlasted: since !== null && fromSince < now.getTime(),
  };
}

function pageOf(url: string | undefined, target: Target): string | null {
  if (url === undefined) return null;
  return url.replace(/\{(ip|domain|target)\}/g, () => encodeURIComponent(target.text));
}

function whoText(actor: Actor, facts: Delisting, target: Target, say: Say): string {
  if (actor === 'you') return say(target.kind === 'domain' ? 'delist.who.you-domain' : 'delist.who.you-address');
  if (actor === 'nobody')
    return say(facts.autoExpiry === undefined ? 'delist.who.nobody-cause' : 'delist.who.nobody-expires');
  return say(`delist.who.${actor}`);
}

function timeText(facts: Delisting, actor: Actor, say: Say): string {
  const usual = durationMs(facts.usualTime);
  const expiry = durationMs(facts.autoExpiry);
  const parts = [
    usual === null ? null : say('delist.time.asked', { span: spanText(usual, say) }),
    expiry === null ? null : say('delist.time.itself', { span: spanText(expiry, say) }),
  ].filter((part) => part !== null);
  if (parts.length > 0) return parts.join(say('delist.time.or'));
  return say(actor === 'nobody' ? 'delist.time.none-nobody' : 'delist.time.none');
}

function dontTexts(facts: Delisting, actor: Actor, asked: Removal | null, say: Say): string[] {
  const paid = facts.cost === 'paid' || facts.cost === 'free-or-paid' || facts.method === 'paid-express';
  const pay = say(facts.autoExpiry === undefined ? 'delist.dont.pay-cause' : 'delist.dont.pay-expires');
  const others = facts.cost === 'free' ? say('delist.dont.pay-anyone') : null;
  const twice =
    asked === null
      ? say('delist.dont.twice')
      : say('delist.dont.asked', { date: asked.requestedAt.toISOString().slice(0, 10) });
  const byHand = isAskedFor(facts);
  return [
    paid ? pay : others,
    byHand || actor === 'provider' || actor === 'as-operator' ? twice : null,
    byHand ? say('delist.dont.early') : null,
    actor === 'nobody' ? say('delist.dont.write') : null,
  ].filter((text) => text !== null);
}
