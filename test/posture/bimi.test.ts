import { expect, test } from 'vitest';
import { findingsOf, only, subjectOf } from './audits.ts';
import type { Zone } from './zone.ts';

const SVG = '<svg version="1.2" baseProfile="tiny-ps" xmlns="http://www.w3.org/2000/svg"><title>Example</title></svg>';
const REJECT = 'v=DMARC1; p=reject';
const L = 'v=BIMI1; l=https://logo.example.org:8443/l.svg';

async function judged(TXT: string | string[], more: { dmarc?: string; logo?: string; domain?: string } = {}) {
  const asked: string[] = [];
  const zone: Zone = {
    'example.org': { MX: '10 mail.example.org' },
    'news.example.org': { A: '192.0.2.7' },
    '_dmarc.example.org': { TXT: more.dmarc ?? REJECT },
    'default._bimi.example.org': { TXT },
  };
  const findings = await findingsOf(zone, subjectOf(more.domain ?? 'example.org', []), {
    fetch: async (url) => {
      asked.push(url.href);
      return { kind: 'body', body: Buffer.from(more.logo ?? SVG), type: 'image/svg+xml' };
    },
  });
  return { ...only(findings, 'bimi'), asked };
}

test.each<[string, string | string[], Parameters<typeof judged>[1], string, RegExp]>([
  ['in order', `${L}; a=https://x.example.org/v.pem`, {}, 'pass', /in order/],
  ['without a certificate', `${L}; a=`, {}, 'warn', /no mark certificate/],
  [
    'of the organization, for a subdomain',
    `${L}; a=https://x/v.pem`,
    { domain: 'news.example.org' },
    'pass',
    /in order/,
  ],
  ['declines', 'v=BIMI1; l=; a=', {}, 'not-applicable', /declines/],
  ['says nothing', 'v=BIMI1;', {}, 'fail', /must begin with exactly "v=BIMI1;" and have l=/],
  ['small letters', L.toLowerCase(), {}, 'fail', /must begin with exactly/],
  ['no semicolon', 'v=BIMI1 l=https://x.example.org/l.svg', {}, 'fail', /must begin with exactly/],
  ['not https:', 'v=BIMI1; l=http://x.example.org/l.svg', {}, 'fail', /no https: address/],
  ['two', [L, L], {}, 'fail', /2 records/],
  ['a logo with scripts', L, { logo: SVG.replace('</svg>', '<script/></svg>') }, 'fail', /scripts/],
  ['no Tiny PS', L, { logo: '<svg version="1.2"><title>x</title></svg>' }, 'fail', /tiny-ps/],
  ['p=none', L, { dmarc: 'v=DMARC1; p=none; rua=mailto:d@example.org' }, 'fail', /the policy is none/],
  ['sp=none', L, { dmarc: 'v=DMARC1; p=reject; sp=none' }, 'fail', /sp=none/],
  ['t=y', L, { dmarc: 'v=DMARC1; p=reject; t=y' }, 'fail', /t=y/],
  ['pct=50', L, { dmarc: 'v=DMARC1; p=quarantine; pct=50' }, 'fail', /pct/],
  ['no DMARC', L, { dmarc: 'x' }, 'fail', /no record/],
])('%s', async (_rule, TXT, more, outcome, why) => {
  const found = await judged(TXT, more);
  expect([found.outcome, found.why]).toEqual([outcome, expect.stringMatching(why)]);
});
test('the logo is asked for where it lies, with its port', async () =>
  expect((await judged(L)).asked).toContain('https://logo.example.org:8443/l.svg'));
