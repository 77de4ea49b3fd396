import { createHash, X509Certificate } from 'node:crypto';
import type { Tlsa } from '../dns/secure.ts';
import { securityOf } from './dnssec.ts';
import { type Check, type Finding, fail, notApplicable, pass, unknown, warn } from './finding.ts';
import type { SeenService } from './mail/looks.ts';
import { mailHosts } from './mx.ts';
import { recordLine } from './records.ts';
import type { Asking, Subject } from './subject.ts';

const DANE: Check = { check: 'dane', severity: 'medium', rfc: 'RFC 7672, RFC 6698' };

export async function checkDane(subject: Subject, asking: Asking): Promise<Finding[]> {
  const hosts = await Promise.all(subject.domains.map((domain) => mailHosts(asking.lookup, domain)));
  return Promise.all([...new Set(hosts.flat())].map((host) => checkHost(host, subject, asking)));
}

async function checkHost(host: string, subject: Subject, { secure, mail }: Asking): Promise<Finding> {
  const name = `_25._tcp.${host}`;
  if (secure === null)
    return unknown(DANE, name, 'no validating resolver on this machine', {
      settle: `dnsblwatch audit ${host} --resolver ADDRESS, of a validating resolver that you trust`,
    });
  const { answer, security } = await securityOf(name, 'TLSA', secure);
  if (security.kind === 'failed') return unknown(DANE, name, security.why);
  if (security.kind === 'bogus')
    return fail(DANE, name, `cannot be validated (${security.why}): who uses DANE delivers nothing`, {
      severity: 'critical',
      fix: { say: 'mend the signatures of the zone' },
    });
  const records = answer.kind === 'answer' ? answer.records.flatMap(({ tlsa }) => (tlsa === null ? [] : [tlsa])) : [];
  if (records.length === 0) return notApplicable(DANE, name, 'no TLSA record');
  const evidence = records.map((record) => tlsaLine(name, record));
  if (security.kind === 'unvalidated')
    return unknown(DANE, name, 'the resolver does not validate', {
      evidence,
      settle: `dnsblwatch audit ${host} --resolver ADDRESS, of a validating resolver`,
    });
  if (security.kind === 'insecure')
    return warn(DANE, name, 'the zone is not signed, so nobody reads the record', {
      evidence,
      fix: { say: 'sign the zone, or take the record away' },
    });
  if (mail === null) return unknown(DANE, name, 'the server was not asked for its certificate', { evidence });
  const served = (await mail.looks(subject)).filter(
    ({ server, look }) => server.name === host && look.service.port === 25,
  );
  return judgeDane(name, records, served);
}

/** Compares the records with what is served on every address of the host. Pure. */
function judgeDane(name: string, records: Tlsa[], served: SeenService[]): Finding {
  const evidence = records.map((record) => tlsaLine(name, record));
  const usable = records.filter(isUsable);
  if (usable.length === 0)
    return warn(DANE, name, `no record that senders of mail use: ${records.map(unusableFor).join(', ')}`, {
      evidence,
      rfc: 'RFC 7672 3.1, 3.2',
      fix: { say: 'publish usage 3 (or 2), selector 1 and matching type 1 (SHA-256)', before: evidence.join('\n') },
    });
  const seen = served.flatMap(({ look }) =>
    look.tls?.certificate ? [{ look, certificate: look.tls.certificate, chain: look.tls.chain }] : [],
  );
  const [first] = seen;
  const without = served.find(({ look }) => look.tls === null && look.before !== null && look.end === null);
  if (without !== undefined)
    return fail(
      DANE,
      name,
      `TLS is demanded by DANE, and ${without.server.address} offers none: who uses DANE delivers nothing`,
      { evidence, severity: 'critical' },
    );
  if (first === undefined)
    return unknown(DANE, name, served[0]?.look.end?.detail ?? 'the server could not be asked for its certificate', {
      evidence,
    });
  const misfit = seen.find(({ certificate, chain }) => !usable.some((record) => fits(record, certificate, chain)));
  if (misfit !== undefined)
    return fail(
      DANE,
      name,
      `no record fits the certificate of ${misfit.look.address}: who uses DANE delivers nothing`,
      {
        evidence,
        severity: 'critical',
        fix: {
          say: 'publish the record of the key that is served, before and while it changes',
          before: evidence.join('\n'),
          after: tlsaLine(name, {
            usage: 3,
            selector: 1,
            matchingType: 1,
            certificate: digestOf(misfit.certificate, 1, 1),
          }),
        },
      },
    );
  return pass(DANE, name, 'a record fits the certificate that is served', { evidence });
}

/** Octets of a digest, by matching type; null: of any length, for 0 is the data itself. */
const DIGEST_OCTETS: Record<number, number | null> = { 0: null, 1: 32, 2: 64 };

const isUsable = (record: Tlsa): boolean => unusableFor(record) === null;

/** Why senders pass a record over (RFC 7672 3.1.3, RFC 6698 4.1); null: they use it. */
function unusableFor({ usage, selector, matchingType, certificate }: Tlsa): string | null {
  if (usage !== 2 && usage !== 3) return `usage ${usage}`;
  if (selector !== 0 && selector !== 1) return `selector ${selector}`;
  const octets = DIGEST_OCTETS[matchingType];
  if (octets === undefined) return `matching type ${matchingType}`;
  if (octets !== null && certificate.length !== octets)
    return `a digest of ${certificate.length} octets, not ${octets}`;
  return null;
}

function fits(record: Tlsa, certificate: X509Certificate, chain: Buffer[]): boolean {
  if (record.usage === 3) return digestOf(certificate, record.selector, record.matchingType).equals(record.certificate);
  return chain.some((raw) =>
    digestOf(new X509Certificate(raw), record.selector, record.matchingType).equals(record.certificate),
  );
}

/** RFC 6698 2.1.2, 2.1.3. */
function digestOf(certificate: X509Certificate, selector: number, matchingType: number): Buffer {
  const data = selector === 1 ? certificate.publicKey.export({ type: 'spki', format: 'der' }) : certificate.raw;
  if (matchingType === 0) return data;
  return createHash(matchingType === 2 ? 'sha512' : 'sha256')
    .update(data)
    .digest();
}

const tlsaLine = (name: string, { usage, selector, matchingType, certificate }: Tlsa): string =>
  recordLine(name, 'TLSA', `${usage} ${selector} ${matchingType} ${certificate.toString('hex')}`);
