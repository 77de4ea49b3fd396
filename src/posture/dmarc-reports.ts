import type { Lookup } from '../dns/lookup.ts';
import { corrected } from './dmarc-fix.ts';
import type { ReportAddress } from './dmarc-record.ts';
import { type Check, type Finding, fail, pass, unknown, warn } from './finding.ts';
import { isDmarc, LookupError, organizationalDomain } from './mailauth.ts';
import { mailRoute } from './mx.ts';
import { find, recordLine } from './records.ts';

export const RUA: Check = { check: 'dmarc.rua', severity: 'medium', rfc: 'RFC 9990' };

/** Whether the addresses of `rua` take reports, and said so where they are another's (RFC 9990 3). */
export async function checkReports(
  domain: string,
  applies: { text: string; domain: string },
  rua: ReportAddress[],
  lookup: Lookup,
): Promise<Finding> {
  const evidence = [recordLine(`_dmarc.${applies.domain}`, 'TXT', applies.text)];
  if (rua.length === 0)
    return warn(RUA, domain, 'no rua: nobody tells you who sends in your name', {
      evidence,
      fix: {
        say: 'ask for reports',
        before: evidence[0] ?? null,
        after: recordLine(
          `_dmarc.${applies.domain}`,
          'TXT',
          `${corrected(applies.text).replace(/;?\s*$/, '')}; rua=mailto:dmarc@${domain}`,
        ),
      },
    });
  const looks = await Promise.all(rua.map((address) => lookAtReportAddress(applies.domain, address, lookup)));
  const wrong = looks.filter((look) => look.fault !== null);
  const seen = [...evidence, ...looks.flatMap(({ lines }) => lines)];
  const authorise = wrong.find((look) => look.authorise !== null)?.authorise ?? null;
  if (wrong.length > 0)
    return (wrong.length < looks.length ? warn : fail)(RUA, domain, wrong.map(({ fault }) => fault).join('; '), {
      evidence: seen,
      ...(authorise === null ? {} : { fix: { say: 'who receives the reports must publish', after: authorise } }),
    });
  const blind = looks.find(({ failed }) => failed !== null)?.failed;
  if (blind !== undefined && blind !== null) return unknown(RUA, domain, blind, { evidence: seen });
  return pass(RUA, domain, `reports go to ${rua.map(({ uri }) => uri).join(', ')}`, { evidence: seen });
}

type ReportLook = { fault: string | null; failed: string | null; authorise: string | null; lines: string[] };

async function lookAtReportAddress(
  policyDomain: string,
  { uri, domain }: ReportAddress,
  lookup: Lookup,
): Promise<ReportLook> {
  const look: ReportLook = { fault: null, failed: null, authorise: null, lines: [] };
  if (domain === null) return { ...look, fault: `"${uri.slice(0, 60)}" is no mailto: address` };
  const route = await mailRoute(lookup, domain);
  if (route.kind === 'none' || route.kind === 'null-mx')
    return { ...look, fault: `${domain} takes no mail, so reports are lost` };
  if (route.kind === 'failed') return { ...look, failed: route.why };
  try {
    const [here, there] = await Promise.all([
      organizationalDomain(policyDomain, lookup),
      organizationalDomain(domain, lookup),
    ]);
    if (here === there) return look;
  } catch (error) {
    if (error instanceof LookupError) return { ...look, failed: error.message };
    throw error;
  }
  const name = `${policyDomain}._report._dmarc.${domain}`;
  const seen = await find(lookup, name, 'TXT');
  if (seen.kind === 'failed') return { ...look, failed: seen.why };
  if (seen.data.some(isDmarc)) return { ...look, lines: seen.lines };
  return {
    ...look,
    fault: `${domain} has not said that it takes reports about ${policyDomain}, so receivers send none`,
    authorise: recordLine(name, 'TXT', 'v=DMARC1'),
  };
}
