import { afterAll, describe, expect, test } from 'vitest';
import { resolverLookup } from '../../src/dns/lookup.ts';
import { openTransport } from '../../src/dns/transport.ts';
import { evaluateSpf } from '../../src/posture/mailauth.ts';
import { startLab } from '../lab/server.ts';
import { type SpfCase, spfCases } from './spf-suite.ts';
import { suites, zoneHandler, zoneLookup } from './zone.ts';

const RFC = { most: { lookups: 10, voids: 2 }, patience: 20_000 };

/** The suite writes nibbles of %{c} and %{p} of IPv6 in upper case; DNS names are the same either way. */
const sameText = (one: string | null, other: string): boolean => one?.toLowerCase() === other.toLowerCase();

describe.skipIf(!suites.run)(suites.named('the SPF suites in memory'), () => {
  for (const file of ['rfc7208-tests.yml', 'rfc4408-tests.yml'])
    describe(file, () => {
      test.each(cases(file).map((one) => [`${one.section}: ${one.name}`, one] as const))('%s', async (_name, one) => {
        const evaluation = await evaluateSpf(one, zoneLookup(one.zone), RFC);
        expect(one.results).toContain(evaluation.result);
        if (one.explanation !== null && one.explanation !== 'DEFAULT')
          expect(sameText(evaluation.explanation, one.explanation)).toBe(true);
      });
    });
});

describe.skipIf(!suites.run)(suites.named('the RFC 7208 suite through our own UDP engine'), () => {
  const transport = openTransport();
  afterAll(() => transport.close());
  test('203 of 203', { timeout: 120_000 }, async () => {
    const wrong: string[] = [];
    const zones = Map.groupBy(cases('rfc7208-tests.yml'), ({ zone }) => zone);
    for (const [zone, tests] of zones) {
      const lab = await startLab(zoneHandler(zone));
      await Promise.all(
        tests.map(async (one) => {
          const lookup = resolverLookup(transport.ask, [lab.address], { deadline: 1500 });
          const { result } = await evaluateSpf(one, lookup, RFC);
          if (!one.results.includes(result)) wrong.push(`${one.name}: ${result}, expected ${one.results.join(' or ')}`);
        }),
      );
      await lab.close();
    }
    expect(wrong).toEqual([]);
    expect([...zones.values()].flat()).toHaveLength(203);
  });
});

function cases(file: string): SpfCase[] {
  return suites.run ? spfCases(file) : [];
}
