import { expect, test } from 'vitest';
import type { ListReport } from '../../src/scan/verdict.ts';
import type { Log } from '../../src/schedule/log.ts';
import { createTroubles } from '../../src/schedule/troubles.ts';

const said: string[] = [];
const at =
  (level: string) =>
  (_fields: object, message: string): void => {
    said.push(`${level}: ${message}`);
  };
const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };

const report = (health: ListReport['health'], unknown: number): ListReport => ({
  ...{ id: 'spam', health, path: 'direct', detail: null, asked: 4, unknown },
});

function told(...reports: ListReport[]): string[] {
  said.length = 0;
  const tell = createTroubles(log);
  for (const [scan, one] of reports.entries()) tell(scan, one);
  return said;
}

test('a list in trouble is told once, and once when it answers again', () => {
  const silent = report('unreachable', 4);
  expect(told(report('healthy', 0), silent, silent, report('unproven', 0), report('healthy', 0))).toEqual([
    'warn: list in trouble',
    'debug: list still in trouble',
    'info: list answers again',
  ]);
});

test('another reason is told anew', () => {
  expect(told(report('unreachable', 4), report('refused', 4), report('healthy', 1))).toEqual([
    'warn: list in trouble',
    'warn: list in trouble',
    'warn: list in trouble',
  ]);
});

test('a list that is known to be dead is no trouble', () => {
  expect(told(report('retired', 4))).toEqual([]);
});
