import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { List } from '../../src/catalogue/list.ts';
import { builtinLists } from '../../src/catalogue/load.ts';
import { adviceFor, type Step } from '../../src/delisting/advice.ts';
import { readinessOf, type Verdict } from '../../src/delisting/readiness.ts';
import type { Finding, Outcome } from '../../src/posture/finding.ts';
import { open } from './listings.ts';

const TARGET = { kind: 'ipv4', text: '8.8.4.4' } as const;
const DOMAIN = { kind: 'domain', text: 'example.org' } as const;
const NOW = new Date('2026-11-24T12:00:00Z');

const list = (id: string): List => {
  const found = builtinLists().find((one) => one.id === id);
  if (found === undefined) throw new Error(`no list ${id}`);
  return found;
};
/** The labels of a list that are listings, and so are left. */
const labelsOf = ({ codes, polarity }: List): string[] => [
  ...new Set(
    Object.values(codes)
      .filter((code) => code.error === undefined && (code.polarity ?? polarity) === 'block' && code.severity !== 'info')
      .map(({ label }) => label),
  ),
];
/** The step of a list's code, or of its first. */
function stepOf(id: string, label: string | null): Step {
  const listing = open(list(id));
  const codes = listing.codes.filter((code) => code.label === (label ?? labelsOf(listing.list)[0] ?? code.label));
  const target = listing.list.accepts.includes('ipv4') ? TARGET : DOMAIN;
  const [step] = adviceFor(listing.list, target, codes, [{ ...listing, codes }], NOW).steps;
  if (step === undefined) throw new Error(`no way off ${id} ${label}`);
  return step;
}

/** Every check that a list may demand, with the subject as an audit names it. */
const CHECKS: Record<string, string> = {
  'ptr.exists': '8.8.4.4',
  'ptr.fcrdns': '8.8.4.4',
  'ptr.not_generic': '8.8.4.4',
  'ptr.own_domain': '8.8.4.4',
  'helo.fqdn': '8.8.4.4',
  'helo.resolves': '8.8.4.4',
  relay: '8.8.4.4',
  'role.postmaster': 'postmaster@example.org',
  'neigh.net': '8.8.4.4',
  'neigh.asn': '8.8.4.4',
};
const finding = (check: string, outcome: Outcome, subject = CHECKS[check] ?? ''): Finding => ({
  ...{
    check,
    subject,
    outcome,
    severity: 'high',
    why: `${check} is ${outcome}`,
    evidence: [],
    rfc: null,
    fix: null,
    settle: null,
  },
});
const allPass = (but: Partial<Record<string, Outcome>> = {}): Finding[] =>
  Object.keys(CHECKS).map((check) => finding(check, but[check] ?? 'pass'));
const judge = (step: Step, findings: Finding[]) =>
  readinessOf({ name: 'The list', target: TARGET.text, step, findings, text: (requirement) => requirement });

/**
 * What operators publish (delisting.json): who can be asked, with everything in order; and the checks that, failing,
 * keep one in.
 */
const PTR = ['ptr.exists', 'ptr.fcrdns'];
const PUBLISHED: [lists: string[], labels: string[] | 'all', verdict: Verdict, keepIn: string[]][] = [
  [['spamhaus-zen', 'spamhaus-zen-dqs', 'spamhaus-sbl'], ['SBL', 'DROP'], 'provider', []],
  [['spamhaus-zen', 'spamhaus-zen-dqs', 'spamhaus-sbl'], ['CSS'], 'your-word', [...PTR, 'helo.fqdn', 'helo.resolves']],
  [['spamhaus-zen', 'spamhaus-zen-dqs', 'spamhaus-xbl'], ['XBL'], 'your-word', ['helo.fqdn']],
  [
    ['spamhaus-zen', 'spamhaus-zen-dqs', 'spamhaus-pbl'],
    ['PBL (Spamhaus)', 'PBL (ISP)'],
    'ready',
    [...PTR, 'ptr.not_generic'],
  ],
  [['spamhaus-dbl', 'spamhaus-dbl-dqs', 'spamhaus-authbl-dqs'], 'all', 'your-word', []],
  [['barracuda-brbl'], 'all', 'your-word', ['relay']],
  [['spamcop', 'uceprotect-1', 'backscatterer', 'gbudb-truncate'], 'all', 'nobody', []],
  [['uceprotect-2', 'uceprotect-3'], 'all', 'provider', []],
  [['abusix-policy'], 'all', 'ready', []],
  [['abusix-black', 'abusix-exploit'], 'all', 'your-word', []],
  [['abusix-combined'], ['Policy: generic rDNS', 'Policy: no rDNS'], 'ready', []],
  [['abusix-combined'], ['Spam list', 'Spam list (heuristic)', 'Spam list (manual)', 'Exploit list'], 'your-word', []],
  [['spamrats-dyna'], 'all', 'ready', ['ptr.exists', 'ptr.not_generic', 'ptr.own_domain']],
  [['spamrats-noptr'], 'all', 'ready', ['ptr.exists', 'ptr.not_generic', 'ptr.own_domain']],
  [['spamrats-all'], ['RATS-Dyna', 'RATS-NoPtr'], 'ready', ['ptr.exists', 'ptr.not_generic', 'ptr.own_domain']],
  [['spamrats-all'], ['RATS-Spam', 'RATS-Auth'], 'your-word', []],
  [['spamrats-spam', 'spamrats-auth'], 'all', 'your-word', []],
  [['spfbl-dnsbl'], ['Bad reputation'], 'ready', [...PTR, 'ptr.own_domain', 'role.postmaster']],
  [['psbl', 'uribl-multi', 'uribl-black', 'uribl-grey', 'uribl-red', 'justspam'], 'all', 'ready', []],
  [['0spam-bl'], 'all', 'your-word', ['neigh.net']],
  [
    ['mailspike-bl', 'mailspike-z', 'hostkarma', 'surbl-multi', 'dronebl', 'blocklist-de', 's5h'],
    'all',
    'your-word',
    [],
  ],
  [['swinog-dnsrbl', 'swinog-spamrbl', 'imp-spamrbl', 'suomispam-bl'], 'all', 'your-word', []],
  [['trendmicro-rbl', 'validity-rpbl'], 'all', 'your-word', []],
];
const ROWS = PUBLISHED.flatMap(([lists, labels, verdict, keepIn]) =>
  lists.flatMap((id) =>
    (labels === 'all' ? labelsOf(list(id)) : labels.filter((label) => labelsOf(list(id)).includes(label))).map(
      (label): [string, string, Verdict, string[]] => [id, label, verdict, keepIn],
    ),
  ),
);

test('every code of every list that demands something is in the table', () => {
  const demanding = builtinLists()
    .filter(({ retired, polarity }) => retired === null && polarity === 'block')
    .flatMap((one) => labelsOf(one).map((label) => `${one.id} ${label}`))
    .filter((row) => {
      const [id = ''] = row.split(' ');
      return stepOf(id, row.slice(id.length + 1)).demands.length > 0;
    });
  const table = ROWS.map(([id, label]) => `${id} ${label}`);
  expect(demanding.filter((row) => !table.includes(row))).toEqual([]);
  expect(table.length).toBe(new Set(table).size);
});

describe.each(ROWS)('%s %s', (id, label, verdict, keepIn) => {
  const step = stepOf(id, label);
  test(`in order: ${verdict}`, () => expect(judge(step, allPass()).verdict).toBe(verdict));
  test('what it demands keeps in, and nothing else', () => {
    const keeps = Object.keys(CHECKS).filter((check) => judge(step, allPass({ [check]: 'fail' })).blockers.length > 0);
    const own = step.actor === 'you' || step.actor === 'anyone' ? keeps : [];
    expect(own.sort()).toEqual(keepIn.toSorted());
    if (own.length > 0) expect(judge(step, allPass({ [own[0] ?? '']: 'fail' })).verdict).toBe('blocked');
  });
  test('what could not be looked at is unknown, with the command that settles it', () => {
    for (const check of keepIn) {
      const found = judge(step, allPass({ [check]: 'unknown' }));
      expect(found.verdict).toBe('unknown');
      expect(found.unknowns.map(({ todo }) => todo)).toEqual(
        found.unknowns.map(() => expect.stringMatching(/^dnsblwatch /)),
      );
    }
  });
});

const DEMANDS = fileURLToPath(new URL('../../../shared/research/delisting.json', import.meta.url));
const there = existsSync(DEMANDS);

describe.skipIf(!there)(there ? 'the published demands' : `the published demands: not run, no ${DEMANDS}`, () => {
  /** Their entries and ours; the rest are providers, or lists that no DNS holds. */
  const OURS: Record<string, [string, string | null]> = {
    'spamhaus-css': ['spamhaus-zen', 'CSS'],
    'spamhaus-xbl': ['spamhaus-zen', 'XBL'],
    'spamhaus-pbl': ['spamhaus-zen', 'PBL (Spamhaus)'],
    barracuda: ['barracuda-brbl', null],
    'uceprotect-2': ['uceprotect-2', null],
    'uceprotect-3': ['uceprotect-3', null],
    'abusix-policy': ['abusix-policy', null],
    'abusix-black-exploit': ['abusix-black', null],
    'spamrats-dyna-noptr': ['spamrats-dyna', null],
    spfbl: ['spfbl-dnsbl', null],
    psbl: ['psbl', null],
    mailspike: ['mailspike-bl', null],
    '0spam': ['0spam-bl', null],
    hostkarma: ['hostkarma', null],
  };
  /** What the catalogue says in a sentence of its own. */
  const SAID_IN_WORDS = new Set(['ipv6.slaac_port25_open', 'reputation<25%', 'cause_stopped', 'explanation']);
  test.each(Object.entries(OURS))('%s', (theirs, [id, label]) => {
    const { lists } = JSON.parse(readFileSync(DEMANDS, 'utf8')) as {
      lists: { id: string; requires?: string[]; advises?: string[] }[];
    };
    const published = lists.find((one) => one.id === theirs);
    const step = stepOf(id, label);
    const demanded = (published?.requires ?? []).filter((requirement) => !SAID_IN_WORDS.has(requirement));
    expect(demanded.filter((requirement) => !step.demands.includes(requirement))).toEqual([]);
    expect((published?.advises ?? []).filter((requirement) => !step.advises.includes(requirement))).toEqual([]);
  });
});

describe('the verdict', () => {
  test('cause stopped is never passed by itself, whatever an audit says', () => {
    const found = judge(stepOf('mailspike-bl', null), allPass());
    expect(found.verdict).toBe('your-word');
    expect(found.yourWord).toEqual([
      { requirement: 'cause_stopped', text: 'cause_stopped', evidence: ['open relay: relay is pass'] },
    ]);
  });
  test('PTR right, postmaster silent: one list lets out, the other does not', () => {
    const findings = allPass({ 'role.postmaster': 'fail' });
    expect(judge(stepOf('spamhaus-pbl', 'PBL (Spamhaus)'), findings).says).toMatch(
      /^The list will let you out: ptr\.exists is pass/,
    );
    expect(judge(stepOf('spfbl-dnsbl', null), findings).says).toBe(
      'The list will not let you out: role.postmaster is fail.',
    );
  });
  test('what is advised keeps nobody in', () => {
    const found = judge(stepOf('abusix-policy', null), allPass({ 'ptr.own_domain': 'fail' }));
    expect([found.verdict, found.advised.map(({ requirement }) => requirement)]).toEqual(['ready', ['ptr.own_domain']]);
  });
  test('findings of another address say nothing', () => {
    const findings = [...allPass(), finding('ptr.fcrdns', 'fail', '8.8.8.8')];
    expect(judge(stepOf('spamhaus-pbl', 'PBL (Spamhaus)'), findings).verdict).toBe('ready');
  });
  test.each([
    '2001:db8::7',
    '[2001:db8::7]:25',
    '2001:db8::7 as example.org',
    '8.8.4.4:25',
    '2001:db8::8',
    '[2001:db8::8]:25',
    'postmaster@example.org',
    'example.org',
  ])('a finding of %s is of its own address, or of all', (subject) => {
    const target = '2001:db8::7';
    const found = readinessOf({
      ...{ name: 'The list', target, step: stepOf('barracuda-brbl', null), text: (requirement) => requirement },
      findings: [finding('relay', 'pass', subject)],
    });
    const own = subject.includes(target) || /^[a-z]+[@.]/.test(subject);
    expect(found.met.map(({ requirement }) => requirement)).toEqual(own ? ['relay.closed'] : []);
  });
  test('without an audit everything that can be seen is unknown', () =>
    expect(judge(stepOf('spfbl-dnsbl', null), []).verdict).toBe('unknown'));
});
