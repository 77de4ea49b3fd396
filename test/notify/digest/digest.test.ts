import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/notify/digest/digest.ts';
import { digestDoc } from '../../../src/notify/digest/doc.ts';
import { readerOf } from '../../../src/notify/reader.ts';
import { writeHtml } from '../../../src/notify/render/html.ts';
import { MARKDOWN, TEXT, writeMarkup } from '../../../src/notify/render/markup.ts';
import { at, sight } from '../facts.ts';
import { busyDay, input, manyListings, told } from './story.ts';

const reader = readerOf('en', 'UTC');
const textOf = (digest: ReturnType<typeof digestOf>): string => writeMarkup(digestDoc(digest, reader), TEXT);

test('a busy day', () => {
  expect(textOf(busyDay())).toMatchInlineSnapshot(`
    "DNS lists: 2 new, 1 changed, 1 gone, 2 still listed, 1 list not seen

    2026-11-02 00:00 UTC to 2026-11-03 00:00 UTC. 12 targets, 24 scans.

    New (2)
    -------
    * 192.0.2.7 on Spam List: SPAM
        Since 2026-11-02 16:00 UTC, 8 h; last seen 2026-11-02 23:00 UTC
        Your move; https://spam.example/?ip=192.0.2.7
    * 192.0.2.9 (mail) on Spam List: SPAM
        Since 2026-11-02 21:00 UTC, 3 h; last seen 2026-11-02 23:00 UTC; never seen clean before

    Listed for something else
    -------------------------
    * 2001:db8::25 on Spam List: SPAM
        2026-11-02 09:00 UTC: Now also: BOT

    Gone (1)
    --------
    * 192.0.2.12 from Spam List: SPAM
        Until 2026-11-02 06:00 UTC; listed for 28 h

    Still listed (2)
    ----------------
    * 192.0.2.11 on Spam List: SPAM
        Since 2026-11-01 01:00 UTC, 47 h; last seen 2026-11-02 23:00 UTC; came back within 72 h
        Asked 18 h ago, longer than it usually takes: see whether the cause goes on before you ask again
    * 2001:db8::25 on Spam List: SPAM
        Since 2026-11-01 03:00 UTC, 45 h; last seen 2026-11-02 23:00 UTC
        The list's move: asked 18 h ago

    Could not see
    -------------
    * Slow List
        For 28 h: no answer in time

    No longer watched (1)
    ---------------------
    * 192.0.2.13 on Spam List: SPAM
        The target is tracked no more; whether it was delisted is not known.

    Changes of the lists themselves
    -------------------------------
    * New List: New in the catalogue

    Muted
    -----
    * uceprotect-3, until 2026-11-04 18:00 UTC
        not ours to fix

    Trend
    -----
    * 4 listed at the start, 4 now
        2 new and 1 gone; in the same time before, 4 and 0"
  `);
});

test('the same in Chinese, in the time of Shanghai', () => {
  expect(writeMarkup(digestDoc(busyDay(), readerOf('zh-CN', 'Asia/Shanghai')), TEXT)).toMatchInlineSnapshot(`
    "DNS 名单：新列入 2 项、变更 1 项、解除 1 项、仍被列入 2 项、1 个名单无法查看

    2026-11-02 08:00 GMT+8 至 2026-11-03 08:00 GMT+8。12 个目标，24 次扫描。

    新列入 (2)
    ----------
    * 192.0.2.7 在 Spam List：SPAM
        自 2026-11-03 00:00 GMT+8 起，已 8 小时；最近一次查得列入：2026-11-03 07:00 GMT+8
        由您处理；https://spam.example/?ip=192.0.2.7
    * 192.0.2.9 (mail) 在 Spam List：SPAM
        自 2026-11-03 05:00 GMT+8 起，已 3 小时；最近一次查得列入：2026-11-03 07:00 GMT+8；此前从未确认未列入

    列入原因有变
    ------------
    * 2001:db8::25 在 Spam List：SPAM
        2026-11-02 17:00 GMT+8：新增：BOT

    已解除 (1)
    ----------
    * 192.0.2.12 已移出 Spam List：SPAM
        至 2026-11-02 14:00 GMT+8；共列入 28 小时

    仍被列入 (2)
    ------------
    * 192.0.2.11 在 Spam List：SPAM
        自 2026-11-01 09:00 GMT+8 起，已 47 小时；最近一次查得列入：2026-11-03 07:00 GMT+8；72 小时内再次列入 1 次
        18 小时前已申请，超过通常所需时间：再次申请前请确认原因是否仍在
    * 2001:db8::25 在 Spam List：SPAM
        自 2026-11-01 11:00 GMT+8 起，已 45 小时；最近一次查得列入：2026-11-03 07:00 GMT+8
        由名单处理：18 小时前已申请

    无法查看
    --------
    * Slow List
        已 28 小时：超时无应答

    不再监控 (1)
    ------------
    * 192.0.2.13 在 Spam List：SPAM
        该目标已不再跟踪；是否解除不得而知。

    名单本身的变更
    --------------
    * New List：目录新增

    已静音
    ------
    * uceprotect-3，至 2026-11-05 02:00 GMT+8
        not ours to fix

    趋势
    ----
    * 期初列入 4 项，现在 4 项
        新列入 2 项，解除 1 项；上一同等时段分别为 4 项和 0 项"
  `);
});

test('a quiet day says so in one line', () => {
  expect(textOf(digestOf(input()))).toMatchInlineSnapshot(`
    "DNS lists: nothing new

    A quiet time: nothing is listed, nothing came, nothing went, and every list could be seen.
    2026-11-02 00:00 UTC to 2026-11-03 00:00 UTC. 12 targets, 24 scans."
  `);
});

test('a day without a scan is not quiet: nothing is known of it', () => {
  const text = textOf(digestOf(input({ scans: { finished: 0, last: null } })));
  expect(text).toContain('DNS lists: nothing known');
  expect(text).toContain('No scan ended in this time');
  expect(text).not.toContain('quiet');
});

test('a day on which a list could not be seen is not quiet', () => {
  const silent = sight('spam', { silentSince: at(30), toldAt: at(29), toldIn: 3, askedAt: at(47), why: 'timeout' });
  const text = textOf(digestOf(input({ sights: [silent] })));
  expect(text).toContain('1 list not seen');
  expect(text).toContain('For 19 h: no answer in time');
  expect(text).not.toContain('quiet');
});

test.each([
  ['begun in the period', { since: at(30) }, 'listed'],
  ['begun before', { since: at(3) }, 'still'],
  ['ended in the period', { since: at(3), until: at(30), endedBy: 'delisted' }, 'delisted'],
  ['closed in the period: that is no delisting', { since: at(3), until: at(30), endedBy: 'list-retired' }, 'closed'],
] as const)('a listing %s', (_case, more, part) => {
  const digest = digestOf(input({ listings: [told(more)] }));
  for (const name of ['listed', 'still', 'delisted', 'closed'] as const)
    expect(digest[name]).toHaveLength(name === part ? 1 : 0);
});

test('the trend counts what is open each day, and compares with the time before', () => {
  const week = { from: new Date(at(7 * 24)), to: new Date(at(14 * 24)) };
  const listings = [
    told({ id: 1, since: at(3 * 24), until: at(9 * 24 - 1), endedBy: 'delisted' }),
    told({ id: 2, since: at(10 * 24 + 1) }),
  ];
  expect(digestOf(input({ period: week, listings })).trend).toEqual({
    ...{ openAtStart: 1, openNow: 1, open: [1, 0, 0, 1, 1, 1, 1] },
    ...{ listed: 1, delisted: 1, before: { listed: 1, delisted: 0 } },
  });
});

describe.each([0, 1, 50, 5000])('a digest of %i listings', (count) => {
  test('is written in every format in less than a second, and in few lines', () => {
    const digest = manyListings(count);
    const start = performance.now();
    const doc = digestDoc(digest, reader);
    const written = [writeMarkup(doc, TEXT), writeMarkup(doc, MARKDOWN), writeHtml(doc), JSON.stringify(digest)];
    expect(performance.now() - start).toBeLessThan(1000);
    const [text = ''] = written;
    expect(text.split('\n').length).toBeLessThan(200);
  });
});

test('very many listings are told by list: where, since when, and whose move it is', () => {
  const move = told().move;
  if (move === null) throw new Error('no move');
  const asked = { ...move, requestedAt: at(40) };
  const listings = Array.from({ length: 120 }, (_, index) =>
    told({
      ...{ id: index, target: `198.51.${index % 8}.${index}`, since: at(30) },
      ...(index < 3 ? { list: 'other', listName: 'Other List' } : {}),
      move: index < 20 ? asked : index < 22 ? { ...asked, overdue: true } : move,
    }),
  );
  const text = textOf(digestOf(input({ listings })));
  expect(text.slice(text.indexOf('New'), text.indexOf('\n\nTrend'))).toMatchInlineSnapshot(`
    "New (120)
    ---------
    * Spam List: 117 targets
        198.51.3.0/24: 15, 198.51.4.0/24: 15, 198.51.5.0/24: 15, 198.51.6.0/24: 15, 198.51.7.0/24: 15, elsewhere: 42
        The earliest since 2026-11-02 06:00 UTC
        Your move (98); The list's move: asked (17); Asked, and longer ago than it usually takes (2)
    * Other List: 3 targets
        198.51.0.0/24: 1, 198.51.1.0/24: 1, 198.51.2.0/24: 1
        The earliest since 2026-11-02 06:00 UTC
        The list's move: asked"
  `);
  expect(writeMarkup(digestDoc(digestOf(input({ listings })), readerOf('zh-CN', 'UTC')), TEXT)).toContain(
    '由您处理（98）',
  );
  const blind = digestDoc(digestOf(input({ listings, scans: { finished: 0, last: null } })), reader);
  expect(blind.sections[0]?.tone).toBe('plain');
});

test('text of strangers is no markup in HTML and Markdown', () => {
  const evil = '<img src=x onerror=alert(1)> [x](https://evil.example) **b** `c`';
  const codes = [{ code: '127.0.0.2', label: evil }];
  const doc = digestDoc(
    digestOf(input({ listings: [told({ since: at(30), label: evil, listName: evil, codes })] })),
    reader,
  );
  expect(writeHtml(doc)).not.toMatch(/<img/);
  expect(writeMarkup(doc, MARKDOWN)).not.toMatch(/(^|[^\\])(<img|\[x\]|`c)/);
});
