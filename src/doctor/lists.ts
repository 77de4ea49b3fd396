import type { ErrorClass, List } from '../catalogue/list.ts';
import { type Finding, note, ok, problem } from './finding.ts';
import { isGood, type PathTest, refusalIn } from './paths.ts';
import { correctKey, refusalAdvice } from './refusals.ts';
import type { ReverseName } from './reverse-name.ts';

/** Silent name servers of so many lists are not the lists' fault. */
const SILENT_LISTS = 3;
/** Operators whose lists cannot have broken all at once. */
const TOGETHER = 3;
/** Names in one line; the table has all. */
const NAMED = 8;

export type ListFacts = {
  lists: readonly List[];
  /** Every list known, for account keys that would help. */
  known: readonly List[];
  tests: readonly PathTest[];
  reverse: ReverseName;
  /** Another line says already why nothing answers. */
  explained: boolean;
  /** Another line says already that a resolver invents answers. */
  rewriting: boolean;
};

type Failing = { list: List; test: PathTest; refusal: ErrorClass | 'rcode' | null };

/** What says most of why a list cannot be asked. */
const TELLING: readonly PathTest['health'][] = [
  'refused',
  'wildcard',
  'quarantined',
  'empty',
  'unreachable',
  'not-asked',
];

/** How the lists can be asked, and a line for each reason why some cannot. */
export function listFindings(facts: ListFacts): Finding[] {
  const active = facts.lists.filter((list) => list.retired === null);
  const testsOf = (list: List): PathTest[] => facts.tests.filter((test) => test.list === list.id);
  const failing = active.flatMap((list): Failing[] => {
    const tests = testsOf(list);
    if (tests.some(({ health }) => isGood(health))) return [];
    const test = TELLING.flatMap((health) => tests.find((one) => one.health === health) ?? [])[0];
    return test === undefined ? [] : [{ list, test, refusal: refusalIn(list, test) }];
  });
  const working = active.filter((list) => !failing.some((one) => one.list === list));
  const blocked = blockedPort(facts, failing);
  const silent = facts.explained || blocked?.state === 'problem';
  const rest = failing.filter(
    ({ test: { path, health } }) =>
      path === 'servers' || !((silent && health === 'unreachable') || (facts.rewriting && health === 'wildcard')),
  );
  return [
    ...overview(facts, working, failing),
    ...(blocked === null ? [] : [blocked]),
    ...refusals(facts, rest),
    ...others(rest),
    ...(rest.length < failing.length
      ? [note('lists', `for the same reason: ${names(failing.filter((one) => !rest.includes(one)))}`)]
      : []),
  ];
}

function overview({ tests }: ListFacts, working: readonly List[], failing: readonly Failing[]): Finding[] {
  const total = working.length + failing.length;
  if (total === 0) return [];
  const good = working.flatMap((list) => tests.find((test) => test.list === list.id && isGood(test.health)) ?? []);
  const paths = [...new Set(good.map(({ path }) => path))];
  const by = paths.map((path) => `${good.filter((test) => test.path === path).length} by ${path}`).join(', ');
  const unproven = good.filter(({ health }) => health === 'unproven').length;
  const line = [
    `${working.length} of ${total} can be asked${by === '' ? '' : `: ${by}`}`,
    ...(unproven === 0 ? [] : [`on ${unproven} of them a clean cannot be proven, for no listed control is known`]),
  ].join('; ');
  const findings = [failing.length === 0 ? ok('lists', line) : note('lists', line)];
  const elsewhere = working.filter((list) => tests.some((test) => test.list === list.id && test.health === 'refused'));
  if (elsewhere.length > 0)
    findings.push(
      note('lists', `${elsewhere.length} refuse one path and are asked by the other: ${namesOf(elsewhere)}`),
    );
  return findings;
}

/** No name server of any list answers directly, though the resolver found them. */
function blockedPort({ tests, explained }: ListFacts, failing: readonly Failing[]): Finding | null {
  const direct = tests.filter(({ path }) => path === 'direct');
  if (explained || direct.length < SILENT_LISTS || direct.some(({ health }) => health !== 'unreachable')) return null;
  const line = `no name server of ${direct.length} lists answers this machine: port 53 outward seems to be blocked`;
  if (!failing.some(({ list, test }) => list.servers.length === 0 && test.health !== 'refused'))
    return note('port-53', `${line}; the resolver is asked instead`);
  return problem('port-53', line, 'allow UDP and TCP to port 53 outward, or use a resolver that may ask');
}

/** One line for each operator and way of refusing. */
function refusals({ known, reverse }: ListFacts, failing: readonly Failing[]): Finding[] {
  const groups = groupBy(
    failing.filter(({ test }) => test.health === 'refused'),
    ({ list, test, refusal }) => `${list.operator} ${test.path} ${refusal}`,
  );
  return groups.map((group) => {
    const [{ list, test, refusal }] = group;
    const { means, fix } = refusalAdvice({
      list,
      path: test.path,
      refusal: refusal ?? 'rcode',
      known,
      reverse,
    });
    return problem('lists', `${list.operator} ${means} (${test.detail ?? 'no detail'}): ${names(group)}`, fix);
  });
}

/** One line for each way of failing that is not a refusal. */
function others(failing: readonly Failing[]): Finding[] {
  const groups = groupBy(
    failing.filter(({ test }) => test.health !== 'refused'),
    ({ list, test }) =>
      `${test.health} ${test.path === 'servers'} ${test.health === 'not-asked' ? test.detail : ''} ${keyOf(list)}`,
  );
  return groups.map((group) => {
    const [{ list, test }] = group;
    const { what, fix } = atOnce(group) ?? failure(list, test);
    return problem('lists', `${names(group)}: ${what}`, fix);
  });
}

/** What so many operators' lists answer alike is answered by somebody else. */
function atOnce(group: readonly Failing[]): { what: string; fix: string } | null {
  const [{ test } = { test: null }] = group;
  if (test === null || test.path === 'servers' || (test.health !== 'empty' && test.health !== 'wildcard')) return null;
  if (new Set(group.map(({ list }) => list.operator)).size < TOGETHER) return null;
  const what = test.health === 'empty' ? 'nothing is answered for the test entries' : 'what cannot be listed is listed';
  return {
    what: `${what} of so many operators at once that somebody in between answers for them`,
    fix: 'ask past the filter in between: run a resolver of your own on this machine, without forwarders',
  };
}

/** The operator whose account key is part of the question; empty for lists that need none. */
const keyOf = ({ zone, operator }: List): string => (zone.includes('{key}') ? operator : '');

function failure(list: List, { health, path, detail }: PathTest): { what: string; fix: string } {
  if (health === 'wildcard' || health === 'quarantined')
    return {
      what: `what cannot be listed is listed (${detail ?? ''})`,
      fix: 'leave them out of --lists until they mend: such a list was sold, is broken, or is answered by somebody else',
    };
  if (health === 'empty' && keyOf(list) !== '')
    return { what: 'nothing is answered for their own test entry, as happens with a wrong key', fix: correctKey(list) };
  if (health === 'empty')
    return {
      what: 'no answer for their own test entry, so their silence proves nothing',
      fix: 'leave them out of --lists until they mend: such a list was emptied or is gone',
    };
  if (health === 'not-asked')
    return {
      what: `not reached directly, and not to be asked otherwise (${detail ?? ''})`,
      fix: 'run a resolver of your own on this machine (such as unbound), and name it in /etc/resolv.conf',
    };
  if (path === 'servers')
    return {
      what: `no answer from the servers given in the catalogue file (${detail ?? ''})`,
      fix: 'start those servers, or correct `servers` in the catalogue file',
    };
  return {
    what: `no answer (${detail ?? ''})`,
    fix: 'try again later; leave them out of --lists if it lasts',
  };
}

function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): [T, ...T[]][] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

const names = (failing: readonly Failing[]): string => namesOf(failing.map(({ list }) => list));

function namesOf(lists: readonly List[]): string {
  const more = lists.length - NAMED;
  const named = lists.slice(0, NAMED).map(({ id }) => id);
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}
