import { type Check, type Finding, fail, pass, unknown, warn } from './finding.ts';
import { type PublicKey, parseDkimKey } from './mailauth.ts';
import { find, recordLine } from './records.ts';
import type { Asking, Subject } from './subject.ts';
import { parseTags } from './tags.ts';

const KEY: Check = { check: 'dkim.key', severity: 'high', rfc: 'RFC 6376 3.6.1, 6.1.2' };
const BITS: Check = { check: 'dkim.bits', severity: 'high', rfc: 'RFC 8301 3.2, RFC 8463' };
const FLAGS: Check = { check: 'dkim.flags', severity: 'medium', rfc: 'RFC 6376 3.6.1' };

/** Bits of RSA: what Google and Yahoo demand, what all advise, what verifiers must be able to read. */
const RSA = { least: 1024, advised: 2048, most: 4096 };
/** Names that much software uses. Where one is there, good; where none is, nothing is said. */
const USUAL = ['default', 'dkim', 'mail', 'selector1', 'selector2', 'google', 's1', 's2', 'k1', 'key1'];

export async function checkDkim({ domains, selectors }: Subject, asking: Asking): Promise<Finding[]> {
  const without = domains.filter((domain) => !selectors.some((one) => one.domain === domain));
  const [given, ...guessed] = await Promise.all([
    lookAtKeys(selectors, asking),
    ...without.map((domain) => lookForKeys(domain, asking)),
  ]);
  return [...judgeKeys(given), ...guessed.flat()];
}

/** Nobody can list a domain's selectors: without one, a key may be found, but never be missing. */
async function lookForKeys(domain: string, asking: Asking): Promise<Finding[]> {
  const looks = await lookAtKeys(
    USUAL.map((selector) => ({ selector, domain })),
    asking,
  );
  const found = looks.filter(({ look }) => look.key !== null && look.records.length === 1);
  if (found.length > 0) return judgeKeys(found);
  const below = await find(asking.lookup, `_domainkey.${domain}`, 'TXT');
  const hint =
    below.kind === 'failed'
      ? ''
      : below.kind === 'absent' && !below.exists
        ? `; DNS says that nothing stands below _domainkey.${domain}`
        : `; DNS says that something stands below _domainkey.${domain}`;
  return [
    unknown(KEY, domain, `the selector is not known, and cannot be found out from outside${hint}`, {
      settle: `dnsblwatch audit ${domain} --dkim-selector SELECTOR, or --message FILE with a message that was sent`,
    }),
  ];
}

type KeyLook = {
  records: string[];
  key: PublicKey | null;
  /** What is wrong with the record; null with a key. */
  fault: string | null;
  /** Why DNS could not say. */
  failed: string | null;
  lines: string[];
};

type Place = Subject['selectors'][number];

const lookAtKeys = (places: readonly Place[], asking: Asking): Promise<(Place & { look: KeyLook })[]> =>
  Promise.all(places.map(async (place) => ({ ...place, look: await lookAtKey(place, asking) })));

function judgeKeys(all: readonly (Place & { look: KeyLook })[]): Finding[] {
  return all.flatMap(({ selector, domain, look }) => {
    const rsaBeside = all.some((other) => other.domain === domain && other.look.key?.keyType === 'rsa');
    return judgeKey(`${selector}._domainkey.${domain}`, look, rsaBeside);
  });
}

async function lookAtKey({ selector, domain }: Place, { lookup }: Asking): Promise<KeyLook> {
  const seen = await find(lookup, `${selector}._domainkey.${domain}`, 'TXT');
  if (seen.kind === 'failed') return { records: [], key: null, fault: null, failed: seen.why, lines: [] };
  if (seen.kind === 'absent')
    return { records: [], key: null, fault: 'there is no such record', failed: null, lines: [] };
  const read = await readKey(keyRecord(seen.data));
  return { records: seen.data, failed: null, lines: seen.lines, ...read };
}

/** The first that holds a key: of several, receivers read any. */
const keyRecord = (records: readonly string[]): string =>
  records.find((record) => parseTags(record).has('p')) ?? records[0] ?? '';

/** `s=` is judged apart: a key for other services is still a key. */
async function readKey(record: string): Promise<Pick<KeyLook, 'key' | 'fault'>> {
  const tags = parseTags(record);
  if (tags.get('p')?.replace(/\s/g, '') === '') return { key: null, fault: 'the key is revoked (p= is empty)' };
  if (!tags.has('p')) return { key: null, fault: 'the record has no p=, so it is no key' };
  const kind = (tags.get('k') ?? 'rsa').toLowerCase();
  if (kind !== 'rsa' && kind !== 'ed25519')
    return {
      key: null,
      fault: `k=${kind.slice(0, 40)} is no kind of key that receivers know; expected rsa or ed25519`,
    };
  try {
    return { key: await parseDkimKey(record.replace(/(^|;)\s*s\s*=[^;]*/g, '$1').replace(/;\s*;/g, ';')), fault: null };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const why = /unknown key type|ed25519/i.test(said) ? `what p= holds is no key of k=${kind}, or was cut off` : said;
    return { key: null, fault: `the record is not valid: ${why}` };
  }
}

/** Judges what stands at one selector. Pure. */
function judgeKey(name: string, look: KeyLook, rsaBeside: boolean): Finding[] {
  const { records, key, fault, failed, lines: evidence } = look;
  if (failed !== null) return [unknown(KEY, name, failed)];
  const fix = {
    say: 'publish the public key of the selector that your server signs with',
    before: evidence[0] ?? null,
  };
  if (key === null)
    return [
      fail(KEY, name, fault ?? 'no key', {
        evidence,
        fix: { ...fix, after: recordLine(name, 'TXT', 'v=DKIM1; k=rsa; p=YOUR-PUBLIC-KEY') },
      }),
      ...(records.length > 1 ? [judgeFlags(name, look)] : []),
    ];
  const kind = key.keyType === 'rsa' ? `RSA, ${key.modulusLength ?? 0} bits` : 'Ed25519';
  return [pass(KEY, name, kind, { evidence }), judgeBits(name, key, rsaBeside, evidence), judgeFlags(name, look)];
}

function judgeBits(
  name: string,
  { keyType, modulusLength: bits = 0 }: PublicKey,
  rsaBeside: boolean,
  evidence: string[],
): Finding {
  if (keyType === 'ed25519')
    return rsaBeside
      ? pass(BITS, name, 'Ed25519, with an RSA key beside it')
      : warn(BITS, name, 'Ed25519 alone: many receivers cannot read it; sign with RSA as well', {
          evidence,
          severity: 'medium',
        });
  const fix = {
    say: `make a new key of ${RSA.advised} bits under a new selector, and sign with it`,
    before: evidence[0] ?? null,
  };
  if (bits < RSA.least)
    return fail(BITS, name, `RSA of ${bits} bits: receivers ignore what is under ${RSA.least}`, { evidence, fix });
  if (bits < RSA.advised)
    return warn(BITS, name, `RSA of ${bits} bits: accepted, ${RSA.advised} are advised`, {
      evidence,
      fix,
      severity: 'medium',
    });
  if (bits > RSA.most)
    return warn(BITS, name, `RSA of ${bits} bits: receivers need not read more than ${RSA.most}`, {
      evidence,
      severity: 'medium',
    });
  return pass(BITS, name, `RSA of ${bits} bits`);
}

function judgeFlags(name: string, { records, lines: evidence }: KeyLook): Finding {
  const record = keyRecord(records);
  const tags = parseTags(record);
  const list = (tag: string): string[] | null =>
    tags
      .get(tag)
      ?.split(':')
      .map((one) => one.trim().toLowerCase()) ?? null;
  const [hashes, services, flags] = [list('h'), list('s'), list('t') ?? []];
  /** `left`: what the tag is to hold after it; without anything, it goes. */
  const fix = (say: string, tag: string, left: readonly string[] = []) => ({
    say,
    before: evidence[0] ?? null,
    after: recordLine(
      name,
      'TXT',
      record
        .replace(new RegExp(`(^|;)\\s*${tag}\\s*=[^;]*`), left.length === 0 ? '' : `$1 ${tag}=${left.join(':')}`)
        .replace(/^[;\s]+/, ''),
    ),
  });
  if (records.length > 1)
    return fail(FLAGS, name, `${records.length} TXT records: which of them receivers read is not defined`, {
      evidence,
      rfc: 'RFC 6376 3.6.2.2',
      fix: { say: 'keep one', before: evidence.join('\n') },
    });
  if (services !== null && !services.includes('email') && !services.includes('*'))
    return fail(FLAGS, name, `s=${services.join(':')}: the key is not for e-mail`, {
      evidence,
      fix: fix('take s= away', 's'),
    });
  if (hashes !== null && !hashes.includes('sha256'))
    return fail(FLAGS, name, `h=${hashes.join(':')}: allows no sha256, and nothing else is accepted any more`, {
      evidence,
      rfc: 'RFC 8301 3.1',
      fix: fix('take h= away', 'h'),
    });
  if (flags.includes('y'))
    return warn(FLAGS, name, 't=y: in testing, so receivers may treat mail as unsigned', {
      evidence,
      fix: fix(
        'take y away from t=',
        't',
        flags.filter((flag) => flag !== 'y'),
      ),
    });
  return pass(FLAGS, name, 'no limits that matter');
}
