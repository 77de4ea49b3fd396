import type { List, ListDefinition } from '../../src/catalogue/list.ts';
import { resolveList } from '../../src/catalogue/resolve.ts';
import { createTally, type Report, type ShownResult, type Tally } from '../../src/output/report.ts';
import { targetsToShow } from '../../src/output/table.ts';
import type { Result, Verdict } from '../../src/scan/verdict.ts';

const AT = new Date('2026-11-24T07:00:00Z');

export function list(id: string, more: Partial<ListDefinition> = {}): List {
  return resolveList({ id, name: `${id.toUpperCase()} list`, zone: `${id}.example`, accepts: ['ipv4'], ...more });
}

function listed(code: string, label: string, meaning: string, severity: 'info' | 'low' | 'high' = 'high'): Verdict {
  return { kind: 'listed', codes: [code], meanings: [{ code, label, meaning, severity, polarity: 'block' }] };
}

export function result(of: List, verdict: Verdict, more: Partial<Result> = {}): Result {
  return {
    position: 0,
    target: '198.51.100.7',
    list: of.id,
    verdict,
    proven: true,
    reason: null,
    reasonAt: null,
    ttl: 300,
    path: 'direct',
    server: '192.0.2.53:53',
    asked: null,
    rcode: 'NOERROR',
    addresses: [],
    at: AT,
    ...more,
  };
}

/** A report of these results, as `check` builds it. */
export function reportOf(pairs: [List, Result][]): {
  report: Report & { results: ShownResult[] };
  tally: Tally;
  lists: List[];
  targets: string[];
} {
  const tally = createTally(new Set(pairs.map(([, { target }]) => target)).size);
  const results = pairs.map(([of, one]) => tally.add(of, one));
  const lists = [...new Set(pairs.map(([of]) => of))];
  const given = [...new Set(results.map(({ target }) => target))];
  const shown = lists.map(({ id }) => ({
    id,
    health: 'healthy' as const,
    path: null,
    detail: null,
    asked: 1,
    unknown: 0,
  }));
  const report = {
    startedAt: AT,
    finishedAt: new Date(AT.getTime() + 1250),
    results,
    lists: shown,
    summary: tally.summary(given.length, lists.length),
  };
  return { report, tally, lists, targets: targetsToShow(report, given) };
}

/** Listed high and low, an allow list, proven and unproven cleans, a silent list. */
export function everything(): ReturnType<typeof reportOf> {
  const high = list('high', { impact: 'high' });
  const low = list('low', { impact: 'low' });
  const allow = list('allow', { polarity: 'allow' });
  const clean = list('clean');
  const unproven = list('unproven');
  const silent = list('silent');
  return reportOf([
    [clean, result(clean, { kind: 'clean' })],
    [low, result(low, listed('127.0.0.3', 'MINOR', 'sent once'))],
    [
      high,
      result(high, listed('127.0.0.2', 'SPAM', 'sent to traps'), {
        reason: 'see https://high.example/7 \u001b[31m|x|',
      }),
    ],
    [
      allow,
      result(allow, {
        kind: 'listed',
        codes: ['127.0.10.2'],
        meanings: [{ code: '127.0.10.2', label: 'NICE', meaning: '', severity: 'info', polarity: 'allow' }],
      }),
    ],
    [unproven, result(unproven, { kind: 'clean' }, { proven: false })],
    [silent, result(silent, { kind: 'unknown', why: 'timeout', detail: null, codes: [] }, { proven: false })],
  ]);
}
