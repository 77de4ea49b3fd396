import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readDmarc } from '../../src/posture/dmarc-record.ts';
import { isDmarc } from '../../src/posture/mailauth.ts';
import { judgeFetched, judgeStsRecord } from '../../src/posture/mta-sts.ts';
import { judgeTlsRpt } from '../../src/posture/tls-rpt.ts';
import { SUITES, suites } from './zone.ts';

/**
 * Records and policies of other projects' tests. A row is taken to be valid if its test expects no exception; where
 * that, or the test itself, is not what the RFC says, the row is named here with the paragraph that decides.
 */
type Row = {
  test?: string;
  txt: string;
  valid?: boolean;
  expectsException?: string[] | null;
  expect?: Record<string, string>;
};

function rows(file: string): Row[] {
  if (!suites.run) return [];
  return (JSON.parse(readFileSync(`${SUITES}${file}`, 'utf8')) as { cases: Row[] }).cases;
}
const isValid = ({ valid, expectsException }: Row): boolean => valid ?? expectsException === null;

/** Compares each row with what we say; `deviations` by the text of the record, each of which must be one. */
async function compare(
  file: string,
  ours: (row: Row) => boolean | Promise<boolean>,
  deviations: Record<string, string>,
) {
  const found: string[] = [];
  for (const row of rows(file)) if ((await ours(row)) !== isValid(row)) found.push(row.txt);
  expect([...new Set(found)].sort()).toEqual(Object.keys(deviations).sort());
}

describe.skipIf(!suites.run)(suites.named('DMARC records'), () => {
  const ours = ({ txt }: Row): boolean => {
    const { policies, badPolicies, faults } = readDmarc(txt);
    return isDmarc(txt) && policies !== null && badPolicies.length + faults.length === 0;
  };
  test('of checkdmarc', async () => {
    await compare('dmarc/checkdmarc-record.json', ours, {
      'v=DMARC1; rua=mailto:dmarc@example.com':
        'its test expects a warning, as we give one: RFC 9989 4.10.1 takes it for p=none',
      'v=DMARC1; p': 'its test expects an error that the row does not name: "p" is no tag (RFC 9989 4.7)',
      'v=DMARC1; p=invalid': 'the same: invalid is no policy, and without rua it is passed over (RFC 9989 4.10.1)',
      'v=DMARC1; p=reject':
        'valid by itself; its tests are about several records, or about where it stands (RFC 9989 4.10)',
      'v=DMARC1; p=none': 'valid by itself; its test is about several records (RFC 9989 4.10)',
      'v=DMARC1': 'enough to authorise reports (RFC 9990), not as a policy (RFC 9989 4.10.1)',
    });
  });
  test('of stalwart', async () => {
    await compare('dmarc/stalwart-record.json', ours, {
      'v=DMARC1; p=reject; ri = 3600; aspf=r; adkim =r; rua=mailto:dmarc-feedback@example.com!10 K , mailto:user%20@example.com ! 2G;ignore_me= true; fo=s; rf = AfrF; ':
        'a size was never allowed spaces (RFC 7489 6.4), and is gone in RFC 9989 4.8',
    });
  });
  test('the policies are those that stalwart reads', () => {
    for (const { txt, expect: wanted } of rows('dmarc/stalwart-record.json')) {
      const { policies } = readDmarc(txt);
      if (wanted === undefined || policies === null) continue;
      const sp = policies.sp ?? policies.p;
      expect([txt, policies.p, sp, policies.np ?? sp]).toEqual([txt, wanted.p, wanted.sp, wanted.np]);
    }
  });
});

describe.skipIf(!suites.run)(suites.named('MTA-STS'), () => {
  const isPolicy = ({ txt }: Row): boolean => txt.startsWith('version:') || !txt.startsWith('v=');
  const ours = async (row: Row): Promise<boolean> => {
    if (!isPolicy(row)) return (await judgeStsRecord('example.org', [row.txt])).finding.outcome === 'pass';
    const fetched = { kind: 'body', body: Buffer.from(row.txt), type: 'text/plain' } as const;
    return ['pass', 'warn'].includes(judgeFetched('example.org', fetched, []).outcome);
  };
  test('of checkdmarc', async () => {
    await compare('mta-sts/checkdmarc.json', ours, {
      'v=STSv1; id=foo; id=bar': 'the first of two counts (RFC 8461 3.1)',
      'version: STSv1\r\nmode: enforce\r\nmode: testing\r\nmax_age: 86400\r\nmx: mail.example.com\r\n':
        'the first of two counts (RFC 8461 3.2)',
      'version: STSv1\r\nmode: enforce\r\nmax_age: 86400\r\nmx: mail.example.com\r\nbadkey: badvalue\r\n':
        'unknown fields are passed over (RFC 8461 3.2)',
      'version: STSv1': 'served to tests of the fetching alone; it has no mode and no max_age (RFC 8461 3.2)',
    });
  });
  test('of stalwart', () => compare('mta-sts/stalwart-record.json', ours, {}));
});

describe.skipIf(!suites.run)(suites.named('TLS-RPT records'), () => {
  test.each(['tlsrpt/checkdmarc.json', 'tlsrpt/stalwart-record.json'])('%s: no deviation', (file) =>
    compare(file, ({ txt }) => judgeTlsRpt('example.org', [txt]).outcome === 'pass', {}),
  );
});
