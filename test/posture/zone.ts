import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Answer, AnswerRecord, QuestionType } from '../../src/dns/answer.ts';
import type { Lookup } from '../../src/dns/lookup.ts';
import type { LabHandler } from '../lab/server.ts';

/** The public suites, no part of the repository: a clone that stands alone reports their tests as not run. */
export const SUITES = fileURLToPath(new URL('../../../shared/suites/', import.meta.url));
export const suites = {
  run: existsSync(SUITES),
  named: (name: string): string => (existsSync(SUITES) ? name : `${name}: not run, no suites at ${SUITES}`),
};

type Records = Partial<Record<Exclude<QuestionType, 'SOA'>, string | string[]>> & {
  CNAME?: string;
  fails?: 'timeout' | 'servfail';
};
/** By name, lower case. A name that is not there is NXDOMAIN, unless it has names below. */
export type Zone = Record<string, Records>;

const MOST_ALIASES = 10;

/** A resolver of its own in memory. */
export function zoneLookup(zone: Zone): Lookup {
  return async (name, type) => answerFrom(zone, name.toLowerCase().replace(/\.$/, ''), type);
}

function answerFrom(zone: Zone, asked: string, type: QuestionType): Answer {
  const common = { server: '127.0.0.1:53', at: new Date(0), authoritative: false, recursionAvailable: true };
  let name = asked;
  for (let hops = 0; hops < MOST_ALIASES && zone[name]?.CNAME !== undefined; hops++) name = zone[name]?.CNAME ?? '';
  const entry = zone[name];
  const records = [(type === 'SOA' ? undefined : entry?.[type]) ?? []].flat();
  if (records.length > 0) {
    const of = (data: string): AnswerRecord => ({ name, type, ttl: 300, data });
    return { ...common, rcode: 'NOERROR', kind: 'records', records: records.map(of), ttl: 300 };
  }
  if (entry?.fails !== undefined)
    return {
      ...common,
      rcode: '',
      kind: 'failed',
      why: entry.fails,
      detail: entry.fails === 'timeout' ? 'no reply within 5.0 s' : 'the server says SERVFAIL',
    };
  const exists = entry !== undefined || Object.keys(zone).some((other) => other.endsWith(`.${name}`));
  return { ...common, rcode: exists ? 'NOERROR' : 'NXDOMAIN', kind: 'absent', ttl: 60 };
}

/** The same zone from a real server. */
export function zoneHandler(zone: Zone): LabHandler {
  return (question) => {
    const answer = answerFrom(zone, question.name, question.type as QuestionType);
    const ra = { ra: true, aa: false };
    if (answer.kind === 'failed') return answer.why === 'timeout' ? { silence: true } : { servfail: true, ...ra };
    if (answer.kind !== 'records')
      return answer.rcode === 'NXDOMAIN' ? { nxdomain: true, ...ra } : { nodata: true, ...ra };
    const data = answer.records.map((record) => record.data);
    const owner = answer.records[0]?.name;
    const cname = owner === undefined || owner === question.name ? {} : { cname: owner };
    const key = question.type.toLowerCase() as 'a' | 'aaaa' | 'txt' | 'mx' | 'ptr' | 'ns';
    return { ...ra, ...cname, [key]: key === 'txt' ? data.map((text) => text.match(/.{1,255}/gs) ?? ['']) : data };
  };
}
