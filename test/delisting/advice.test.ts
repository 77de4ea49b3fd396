import { describe, expect, test } from 'vitest';
import type { Delisting, List } from '../../src/catalogue/list.ts';
import { builtinLists } from '../../src/catalogue/load.ts';
import { adviceFor, adviceInOrder, type OpenListing } from '../../src/delisting/advice.ts';
import { requestText } from '../../src/delisting/request.ts';
import { code, listOf, open } from './listings.ts';

const target = { kind: 'ipv4', text: '8.8.4.4' } as const;
const now = new Date('2026-11-24T12:00:00Z');
const builtin = (id: string): List => {
  const list = builtinLists().find((one) => one.id === id);
  if (list === undefined) throw new Error(`no list ${id}`);
  return list;
};
const adviceOf = (listing: OpenListing, others: OpenListing[] = []) =>
  adviceFor(listing.list, target, listing.codes, [listing, ...others], now);
const stepOf = (listing: OpenListing, others: OpenListing[] = []) => {
  const [step] = adviceOf(listing, others).steps;
  if (step === undefined) throw new Error('no step');
  return step;
};
const single = (delisting: Delisting, more: Partial<List> = {}) => stepOf(open(listOf('x', delisting, more)));

describe('who may act', () => {
  test.each<[string, Delisting, Partial<List>, string]>([
    ['the one responsible', { method: 'self-service', by: 'ip-owner' }, {}, 'you'],
    ['anyone', { method: 'form', by: 'anyone' }, {}, 'anyone'],
    ['a form, nothing said', { method: 'form' }, {}, 'you'],
    ['provider only', { method: 'provider-only' }, {}, 'provider'],
    ['by the provider', { by: 'provider', method: 'form' }, {}, 'provider'],
    ['the operator of the AS', { method: 'provider-only', by: 'as-operator' }, {}, 'as-operator'],
    ['an AS-wide list', { method: 'automatic-expiry' }, { scope: 'asn' }, 'as-operator'],
    ['a range that expires is the provider’s', { method: 'automatic-expiry' }, { scope: 'range' }, 'provider'],
    ['it expires', { method: 'automatic-expiry', by: 'anyone' }, {}, 'nobody'],
    ['only an expiry is known', { autoExpiry: 'P7D' }, {}, 'nobody'],
    ['nothing is known', {}, {}, 'unknown'],
  ])('%s', (_rule, delisting, more, actor) => expect(single(delisting, more).actor).toBe(actor));
});

describe('what must be true, where, and how long', () => {
  test('the page has the target filled in, escaped', () => {
    expect(single({ url: 'https://x.example/?ip={ip}' }).page).toBe('https://x.example/?ip=8.8.4.4');
    const v6 = { kind: 'ipv6', text: '2606:4700::1' } as const;
    const list = listOf('x', { url: 'https://x.example/{ip}' });
    const [step] = adviceFor(list, v6, [{ code: '127.0.0.2', label: 'BAD' }], [], now).steps;
    expect(step?.page).toBe('https://x.example/2606%3A4700%3A%3A1');
  });
  test('check codes are said in words, sentences as they are', () =>
    expect(single({ requires: ['ptr.exists', 'the host is clean'] }).requires).toEqual([
      'the address has a reverse name (PTR)',
      'the host is clean',
    ]));
  test.each<[string, Delisting, string]>([
    ['a usual time', { method: 'form', usualTime: 'PT24H' }, 'usually 24 h after the request'],
    ['an expiry', { method: 'automatic-expiry', autoExpiry: 'P7D' }, 'by itself 7 days after the last incident'],
    [
      'both',
      { method: 'form', usualTime: 'PT30M', autoExpiry: 'P3D' },
      'usually 30 min after the request, or by itself 3 days after the last incident',
    ],
    ['none for a form', { method: 'form' }, 'the operator gives no time for an answer'],
    ['none at all', { method: 'automatic-expiry' }, 'the operator gives no time'],
  ])('%s', (_rule, delisting, said) => expect(single(delisting).time).toBe(said));

  test.each([
    ['counted from the listing', '2026-11-20T10:00:00Z', '2026-11-27T10:00:00.000Z', false],
    ['outlasted: what caused it goes on', '2026-11-10T10:00:00Z', '2026-11-24T12:00:00.000Z', true],
    ['unknown since when: not before now', null, '2026-11-24T12:00:00.000Z', false],
  ])('the earliest date of an expiry, %s', (_rule, since, earliest, outlasted) => {
    const listing = open(listOf('x', { method: 'automatic-expiry', autoExpiry: 'P7D' }), {
      since: since === null ? null : new Date(since),
    });
    const { expiry } = stepOf(listing);
    expect([expiry?.earliest.toISOString(), expiry?.outlasted]).toEqual([earliest, outlasted]);
    expect(expiry?.latest.toISOString()).toBe('2026-12-01T12:00:00.000Z');
  });

  test('what is allow, reputation or of no weight needs no way off', () => {
    const codes = {
      '127.0.0.2': code('GOOD', undefined, { polarity: 'allow' }),
      '127.0.0.3': code('NOTE', undefined, { severity: 'info' }),
    };
    expect(adviceOf(open(listOf('x', { method: 'form' }, { codes }))).steps).toEqual([]);
  });
  test('codes that are left in the same way are one step', () => {
    const own: Delisting = { method: 'provider-only' };
    const codes = { '127.0.0.2': code('A', own), '127.0.0.3': code('B', own), '127.0.0.4': code('C') };
    const steps = adviceOf(open(listOf('x', { method: 'form', by: 'anyone', autoExpiry: 'P1D' }, { codes }))).steps;
    expect(steps.map((step) => [step.actor, step.codes.map(({ label }) => label), step.expiry !== null])).toEqual([
      ['provider', ['A', 'B'], false],
      ['anyone', ['C'], true],
    ]);
  });
});

describe('what not to do', () => {
  test.each<[string, Delisting, RegExp]>([
    [
      'pay',
      { method: 'automatic-expiry', autoExpiry: 'P7D', cost: 'free-or-paid' },
      /^Do not pay, .*expires for nothing/,
    ],
    ['pay somebody else', { method: 'form', cost: 'free' }, /^Do not pay anyone/],
    ['ask twice', { method: 'form' }, /^Do not ask twice/],
    ['ask too early', { method: 'self-service' }, /^Do not ask too early/],
    ['write where nothing is removed on request', { method: 'automatic-expiry' }, /^Do not write to the operator/],
  ])('%s', (_rule, delisting, said) =>
    expect(single(delisting).dont).toEqual(expect.arrayContaining([expect.stringMatching(said)])),
  );

  test('ask again while a request is under way', () => {
    const list = listOf('x', { method: 'form', usualTime: 'P2D' });
    const removal = { label: null, requestedAt: new Date('2026-11-23T12:00:00Z'), withdrawnAt: null, note: null };
    const step = stepOf(open(list, { removals: [removal] }));
    expect(step.askFrom?.toISOString()).toBe('2026-11-25T12:00:00.000Z');
    expect(step.dont.join(' ')).toContain('You asked on 2026-11-23: do not ask again');
    expect(stepOf(open(list, { removals: [{ ...removal, withdrawnAt: now }] })).askFrom).toEqual(now);
  });
});

describe('the order between lists, from the built-in catalogue', () => {
  const seen = (id: string, ...labels: string[]): OpenListing => {
    const list = builtin(id);
    const codes = open(list).codes.filter(({ label }) => labels.includes(label));
    return open(list, { codes });
  };

  test('an open SBL blocks the other Spamhaus removals, on whichever list it is seen', () => {
    const both = seen('spamhaus-zen', 'SBL', 'CSS', 'XBL');
    const steps = adviceOf(both).steps;
    expect(
      steps.map(({ codes, actor, blockedBy }) => [codes[0]?.label, actor, blockedBy.map(({ label }) => label)]),
    ).toEqual([
      ['SBL', 'provider', []],
      ['CSS', 'you', ['SBL']],
      ['XBL', 'you', ['SBL']],
    ]);
    expect(steps.map(({ askFrom }) => askFrom)).toEqual([now, null, null]);
    const apart = stepOf(seen('spamhaus-xbl', 'XBL'), [seen('spamhaus-sbl', 'SBL')]);
    expect(apart.blockedBy).toEqual([{ list: 'spamhaus-sbl', label: 'SBL' }]);
    expect(stepOf(seen('spamhaus-xbl', 'XBL')).blockedBy).toEqual([]);
  });
  test('UCEPROTECT-1 is nobody’s, 2 the provider’s, 3 the network operator’s, and paying is warned of', () => {
    const steps = ['uceprotect-1', 'uceprotect-2', 'uceprotect-3'].map((id) => stepOf(open(builtin(id))));
    expect(steps.map(({ actor }) => actor)).toEqual(['nobody', 'provider', 'as-operator']);
    for (const step of steps) expect(step.dont[0]).toMatch(/^Do not pay/);
    expect(steps[0]?.expiry?.after).toBe('7 days');
  });
  test('what a wider list holds too is left with it', () =>
    expect(stepOf(seen('spamhaus-xbl', 'XBL'), [seen('spamhaus-zen', 'XBL')]).sameAs).toBe('spamhaus-zen'));
  test('first what blocks others, then what you can do, what others do, what expires', () => {
    const listings = [
      open(builtin('uceprotect-1')),
      open(builtin('uceprotect-2')),
      seen('spamhaus-xbl', 'XBL'),
      open(builtin('barracuda-brbl')),
      seen('spamhaus-sbl', 'SBL'),
    ];
    expect(adviceInOrder(target, listings, now).map(({ list }) => list)).toEqual([
      'spamhaus-sbl',
      'barracuda-brbl',
      'spamhaus-xbl',
      'uceprotect-2',
      'uceprotect-1',
    ]);
  });
  test('every active block list of the catalogue gives advice for each of its codes', () => {
    const lists = builtinLists().filter((list) => list.retired === null && list.polarity === 'block');
    for (const list of lists) {
      for (const step of adviceOf(open(list)).steps) {
        expect(step.who).not.toBe('');
        expect(step.time).not.toBe('');
        expect(step.page ?? '', list.id).not.toMatch(/[{}]/);
      }
    }
  });
});

describe('the text of a request is built from what was seen', () => {
  test('to the operator', () => {
    const listing = open(listOf('x', { method: 'form', by: 'anyone' }, { zone: '{key}.x.example' }), {
      cleanBefore: new Date('2026-11-20T09:30:00Z'),
      reason: 'hit a trap\u001b[31m\nRegards, nobody',
    });
    const text = requestText(stepOf(listing), listing, target);
    expect(text).toMatchInlineSnapshot(`
      {
        "body": "Hello,

      please remove 8.8.4.4 from X.

      What DNS says:
      - address: 8.8.4.4
      - list: X, zone {key}.x.example
      - answer: 127.0.0.2 (BAD: sends spam)
      - listed since: 2026-11-20 10:00 UTC
      - last seen not listed: 2026-11-20 09:30 UTC
      - reason given by the list: hit a trap [31m Regards, nobody

      Cause: [what sent the mail, and how you found out]

      Done about it: [what was changed, and when]

      Responsible, and reachable at: [name, e-mail address, telephone]
      ",
        "subject": "Removal request: 8.8.4.4 from X (BAD)",
        "to": "operator",
      }
    `);
  });
  test('to the provider, with what the operator asks for', () => {
    const listing = open(
      listOf('x', { method: 'provider-only', url: 'https://x.example/{ip}', requires: ['the range is clean'] }),
      { since: null },
    );
    expect(requestText(stepOf(listing), listing, target)).toMatchInlineSnapshot(`
      {
        "body": "Hello,

      8.8.4.4, which we use, is on X. Only the owner of the network can end this listing; please do.

      What DNS says:
      - address: 8.8.4.4
      - list: X, zone x.example
      - answer: 127.0.0.2 (BAD: sends spam)

      The operator's page: https://x.example/8.8.4.4

      What the operator asks for:
      - the range is clean

      On our side: [what was found and changed, and when; or that this server is not the cause]

      [name, customer number, telephone]
      ",
        "subject": "8.8.4.4 in your network is listed on X (BAD)",
        "to": "provider",
      }
    `);
  });
  test.each<[string, OpenListing, OpenListing[]]>([
    ['nobody is to be asked', open(listOf('x', { method: 'automatic-expiry' })), []],
    [
      'another listing comes first',
      open(listOf('x', { method: 'form', after: ['BAD'] }, { operator: 'o' })),
      [open(listOf('y', {}, { operator: 'o' }))],
    ],
    [
      'one is under way',
      open(listOf('x', { method: 'form' }), {
        removals: [{ label: null, requestedAt: now, withdrawnAt: null, note: null }],
      }),
      [],
    ],
  ])('none where %s', (_rule, listing, others) =>
    expect(requestText(stepOf(listing, others), listing, target)).toBeNull(),
  );
});
