import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { NO_PAINT, paintFor } from '../../src/output/colour.ts';
import { csvDocument } from '../../src/output/csv.ts';
import { jsonDocument } from '../../src/output/json.ts';
import { renderMarkdown } from '../../src/output/markdown.ts';
import { nagiosLine } from '../../src/output/nagios.ts';
import { plain } from '../../src/output/plain.ts';
import { levelOf } from '../../src/output/report.ts';
import { outputSchema } from '../../src/output/schema.ts';
import { renderTable } from '../../src/output/table.ts';
import { everything, list, reportOf, result } from './example.ts';

describe('table', () => {
  test('worst first, meanings, one line a list for what is unknown, sentences that close', () => {
    expect(renderTable({ ...everything(), paint: NO_PAINT })).toMatchInlineSnapshot(`
      "198.51.100.7  listed on 2 lists
        high      HIGH list
                  127.0.0.2  SPAM: sent to traps
                  "see https://high.example/7 [31m|x|"
        low       LOW list
                  127.0.0.3  MINOR: sent once
        allow     ALLOW list
                  127.0.10.2  NICE

      Unknown
        SILENT list: no answer in time

      198.51.100.7 is on 2 lists. Proven clean on 1, clean but unproven on 1, 1 could not be asked: SILENT list.

      What DNS cannot show: Gmail, Outlook, Yahoo, Apple, Proofpoint and Cloudmark keep lists of their own.
      "
    `);
  });

  test('a clean target gets a sentence and no block', () => {
    const clean = list('clean');
    const table = renderTable({ ...reportOf([[clean, result(clean, { kind: 'clean' })]]), paint: NO_PAINT });
    expect(table).toMatchInlineSnapshot(`
      "198.51.100.7 is on no list. Proven clean on 1.

      What DNS cannot show: Gmail, Outlook, Yahoo, Apple, Proofpoint and Cloudmark keep lists of their own.
      "
    `);
  });

  test('of many targets the summary comes first and only what is not clean follows', () => {
    const one = list('one');
    const two = list('two');
    const pairs = Array.from({ length: 20 }, (_, at): Parameters<typeof reportOf>[0] => {
      const target = `198.51.100.${at}`;
      return [
        [
          one,
          result(
            one,
            at === 12
              ? {
                  kind: 'listed',
                  codes: ['127.0.0.2'],
                  meanings: [{ code: '127.0.0.2', label: 'SPAM', meaning: '', severity: 'high', polarity: 'block' }],
                }
              : { kind: 'clean' },
            { target },
          ),
        ],
        [
          two,
          result(two, at < 3 ? { kind: 'unknown', why: 'servfail', detail: null, codes: [] } : { kind: 'clean' }, {
            target,
          }),
        ],
      ];
    });
    expect(renderTable({ ...reportOf(pairs.flat()), paint: NO_PAINT })).toMatchInlineSnapshot(`
      "20 targets on 2 lists, 40 lookups: 1 listed, 36 proven clean, 3 unknown.

      198.51.100.12  listed on 1 list of 2
        medium    ONE list
                  127.0.0.2  SPAM

      Unknown
        TWO list (3 targets): its server failed (SERVFAIL)

      What DNS cannot show: Gmail, Outlook, Yahoo, Apple, Proofpoint and Cloudmark keep lists of their own.
      "
    `);
  });

  test('severity is coloured on a terminal, and not with NO_COLOR or --no-color', () => {
    const coloured = renderTable({ ...everything(), paint: paintFor({ terminal: true, noColor: false }) });
    expect(coloured).toContain('\u001b[31mhigh');
    expect(paintFor({ terminal: true, noColor: true })).toBe(NO_PAINT);
    expect(paintFor({ terminal: false, noColor: false })).toBe(NO_PAINT);
  });
});

test('csv has the fields of the JSON result in their order', () => {
  const { report } = everything();
  expect([...csvDocument(report.results)].join('')).toMatchInlineSnapshot(`
    "target,list,zone,polarity,impact,verdict,proven,codes,meanings,why,reason,ttl,path,server
    198.51.100.7,clean,clean.example,block,medium,clean,true,,,,,300,direct,192.0.2.53:53
    198.51.100.7,low,low.example,block,low,listed,true,127.0.0.3,MINOR: sent once,,,300,direct,192.0.2.53:53
    198.51.100.7,high,high.example,block,high,listed,true,127.0.0.2,SPAM: sent to traps,,see https://high.example/7 [31m|x|,300,direct,192.0.2.53:53
    198.51.100.7,allow,allow.example,allow,medium,listed,true,127.0.10.2,NICE,,,300,direct,192.0.2.53:53
    198.51.100.7,unproven,unproven.example,block,medium,clean,false,,,,,300,direct,192.0.2.53:53
    198.51.100.7,silent,silent.example,block,medium,unknown,false,,,timeout,,300,direct,192.0.2.53:53
    "
  `);
});

test('csv: what a spreadsheet would take for a formula stays text', () => {
  const hostile = list('hostile');
  const { report } = reportOf([[hostile, result(hostile, { kind: 'clean' }, { reason: '=HYPERLINK("http://x")' })]]);
  expect([...csvDocument(report.results)].join('')).toContain(`"'=HYPERLINK(""http://x"")"`);
});

test('markdown keeps the markup of strangers as text', () => {
  const { report, lists } = everything();
  expect(renderMarkdown(report, lists)).toMatchInlineSnapshot(`
    "## DNS lists, 2026-11-24T07:00:01.250Z

    | target | list | level | codes | text |
    | --- | --- | --- | --- | --- |
    | 198.51.100.7 | HIGH list | high | 127.0.0.2 SPAM | see https://high.example/7 \\[31m\\|x\\| |
    | 198.51.100.7 | LOW list | low | 127.0.0.3 MINOR |  |
    | 198.51.100.7 | ALLOW list | allow | 127.0.10.2 NICE |  |
    | 198.51.100.7 | SILENT list | unknown |  | no answer in time |

    2 listed, 1 proven clean, 1 clean but unproven, 1 unknown, 1 other.

    What DNS cannot show: Gmail, Outlook, Yahoo, Apple, Proofpoint and Cloudmark keep lists of their own.
    "
  `);
});

test('nagios: one line with one bar before the performance data', () => {
  const { report } = everything();
  const on = report.results.filter((one) => levelOf(one) !== 'none');
  expect(nagiosLine(report, on, 2)).toMatchInlineSnapshot(`
    "DNSBL CRITICAL: listed: 198.51.100.7 on low, 198.51.100.7 on high, 1 of 6 lookups unknown | listed=2;;;0 clean=2;;;0 unproven=1;;;0 unknown=1;;;0 time=1.250s
    "
  `);
});

test('json is what its schema says, and counts add up', () => {
  const { report } = everything();
  const document = JSON.parse([...jsonDocument(report)].join(''));
  expect(v.safeParse(outputSchema, document).issues).toBeUndefined();
  expect(document.summary).toEqual({
    ...{ targets: 1, lists: 6, lookups: 6, listed: 2 },
    ...{ clean: 2, unproven: 1, unknown: 1, other: 1 },
  });
  const [header] = csvDocument([]);
  expect(Object.keys(document.results[0])).toEqual(header?.trim().split(','));
});

test.each([
  ['colours', 'a\u001b[31mb', 'a [31mb'],
  ['line breaks', 'a\r\nb\u2028c', 'a b c'],
  ['direction overrides', 'a\u202eb', 'a b'],
  ['zero width', 'a\u200bb', 'a b'],
  ['half a surrogate pair', 'a\ud800b', 'a\ufffdb'],
])('plain text holds no %s', (_what, hostile, safe) => {
  expect(plain(hostile)).toBe(safe);
});
