import { type Check, type Finding, fail, pass, unknown, warn } from './finding.ts';
import { find, recordLine } from './records.ts';
import type { Asking, Subject } from './subject.ts';

const TLS_RPT: Check = { check: 'tlsrpt', severity: 'low', rfc: 'RFC 8460 3' };

export async function checkTlsRpt({ domains }: Subject, { lookup }: Asking): Promise<Finding[]> {
  return Promise.all(
    domains.map(async (domain) => {
      const seen = await find(lookup, `_smtp._tls.${domain}`, 'TXT');
      if (seen.kind === 'failed') return unknown(TLS_RPT, domain, seen.why);
      return judgeTlsRpt(domain, seen.data);
    }),
  );
}

/** Pure. */
export function judgeTlsRpt(domain: string, texts: string[]): Finding {
  const name = `_smtp._tls.${domain}`;
  const records = texts.filter((text) => /^v=TLSRPTv1[ \t]*;/.test(text));
  const evidence = texts.map((text) => recordLine(name, 'TXT', text));
  const fix = {
    say: 'have failures of TLS reported',
    before: evidence.length === 0 ? null : evidence.join('\n'),
    after: recordLine(name, 'TXT', `v=TLSRPTv1; rua=mailto:tlsrpt@${domain}`),
  };
  const [record, other] = records;
  if (other !== undefined)
    return fail(TLS_RPT, domain, `${records.length} records, so senders take it that there is none`, { evidence, fix });
  if (record === undefined && texts.some((text) => /tlsrpt/i.test(text.slice(0, 20))))
    return fail(TLS_RPT, domain, 'it does not begin with exactly "v=TLSRPTv1;"', { evidence, fix });
  if (record === undefined) return warn(TLS_RPT, domain, 'no TLS reports are asked for', { fix });
  const fault = tlsRptFault(record);
  if (fault !== null) return fail(TLS_RPT, domain, `not valid: ${fault}`, { evidence, fix });
  return pass(TLS_RPT, domain, 'one valid record', { evidence });
}

/** What is wrong with a record of RFC 8460 section 3; null: nothing. */
function tlsRptFault(record: string): string | null {
  const fields = record
    .split(';')
    .slice(1)
    .map((field) => field.trim());
  if (fields.at(-1) === '') fields.pop();
  let rua: string | null = null;
  for (const field of fields) {
    const [, name = '', value = ''] = /^([a-z0-9][a-z0-9_.-]{0,31})[ \t]*=[ \t]*(.*)$/i.exec(field) ?? [];
    if (name === '') return `"${field.slice(0, 40)}" is no field`;
    if (name !== 'rua') {
      if (!/^[\x21-\x3a\x3c\x3e-\x7e]+$/.test(value)) return `the value of ${name} is not valid`;
      continue;
    }
    if (rua !== null) return 'rua stands in it twice';
    rua = value;
  }
  if (rua === null) return 'rua is missing';
  const wrong = rua
    .split(',')
    .map((uri) => uri.trim())
    .find((uri) => !isReportUri(uri));
  return wrong === undefined ? null : `"${wrong.slice(0, 60)}" is neither mailto: nor https:`;
}

function isReportUri(uri: string): boolean {
  if (/^mailto:[^@\s!,;\u0080-\uffff]+@[a-z0-9.-]+\.[a-z0-9-]+(\?[^\s!,;]*)?$/i.test(uri)) return true;
  return /^https:\/\/[a-z0-9.-]+(:\d+)?(\/[^\s!,;]*)?$/i.test(uri);
}
