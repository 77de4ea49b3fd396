import { expect, test } from 'vitest';
import { adviceFor } from '../../src/delisting/advice.ts';
import { paintFor } from '../../src/output/colour.ts';
import { renderWays } from '../../src/output/delisting.ts';
import { expand, parseTarget } from '../../src/target.ts';
import { code, listOf, open } from '../delisting/listings.ts';

const paint = paintFor({ terminal: false, noColor: true });
const [target] = expand(parseTarget('192.0.2.7', { allowSpecial: true }));

test.each([
  ['2026-11-24T07:00:20Z', 'Expires:     2026-12-01 07:00 UTC if nothing happens from now on'],
  [
    '2026-11-24T09:00:00Z',
    'Expires:     2026-12-01 07:00 UTC at the earliest, 2026-12-01 09:00 UTC if nothing happens from now on',
  ],
])('when a listing of 7:00 ends by itself, looked at %s, is said once where it is the same minute', (at, line) => {
  if (target === undefined) throw new Error('no target');
  const now = new Date(at);
  const list = listOf(
    'bl',
    { by: 'nobody', method: 'automatic-expiry', autoExpiry: 'P7D' },
    { codes: { '127.0.0.2': code('BAD') } },
  );
  const listing = open(list, { since: new Date('2026-11-24T07:00:00Z') });
  const advice = adviceFor(list, target, listing.codes, [listing], now);
  const way = { advice, since: null, reason: null, texts: [], readiness: [], requests: [] };
  expect(renderWays('192.0.2.7', [way], now, paint)).toContain(line);
});
