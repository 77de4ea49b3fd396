import type { X509Certificate } from 'node:crypto';
import { type Check, type Finding, fail, pass, type Severity, unknown, warn } from './finding.ts';
import type { ServiceLook } from './mail/service.ts';
import type { TlsLook } from './mail/tls.ts';
import type { Asking, Subject } from './subject.ts';

const STARTTLS: Check = { check: 'tls.starttls', severity: 'high', rfc: 'RFC 3207' };
const CERT: Check = { check: 'tls.cert', severity: 'high', rfc: 'RFC 9525, RFC 8314' };
const VERSION: Check = { check: 'tls.version', severity: 'medium', rfc: 'RFC 8996, RFC 8997' };
const KEY: Check = { check: 'tls.key', severity: 'medium', rfc: 'RFC 9325 4.2, 4.5' };

/** Days before the end of a certificate at which it should have been renewed. */
const RENEW_BEFORE = 14;
const LEAST_RSA = 2048;
const DAY = 86_400_000;

export async function checkTls(subject: Subject, { mail, now }: Asking): Promise<Finding[]> {
  if (mail === null) return [];
  return (await mail.looks(subject)).flatMap(({ look }) => judgeService(look, now));
}

/** What a service that listens does about TLS; nothing of one that is closed. Pure. */
export function judgeService(look: ServiceLook, now: Date): Finding[] {
  if (look.from === null) return [];
  const subject = subjectOf(look);
  const findings =
    look.service.tls === 'starttls'
      ? [judgeStart(look, subject)]
      : look.tls === null
        ? [judgeHandshake(look, subject)]
        : [];
  const { tls } = look;
  if (tls === null) return findings;
  return [
    ...findings,
    ...(tls.certificate === null
      ? [fail(CERT, subject, 'the server shows no certificate')]
      : [judgeCertificate(look, tls, tls.certificate, now), judgeKey(tls.certificate, subject)]),
    judgeVersion(look, tls, subject),
  ];
}

/** `192.0.2.7:25`, IPv6 in brackets. */
export const subjectOf = ({ address, service }: Pick<ServiceLook, 'address' | 'service'>): string =>
  `${address.includes(':') ? `[${address}]` : address}:${service.port}`;

function judgeStart(look: ServiceLook, subject: string): Finding {
  const { service, greeting, before, starttls, offered, tls, end } = look;
  const settings = {
    postfix:
      'smtpd_tls_security_level = may\nsmtpd_tls_cert_file = /etc/letsencrypt/live/NAME/fullchain.pem\nsmtpd_tls_key_file = /etc/letsencrypt/live/NAME/privkey.pem',
    exim: 'tls_advertise_hosts = *\ntls_certificate = /etc/letsencrypt/live/NAME/fullchain.pem\ntls_privatekey = /etc/letsencrypt/live/NAME/privkey.pem',
    dovecot:
      'ssl = required\nssl_cert = </etc/letsencrypt/live/NAME/fullchain.pem\nssl_key = </etc/letsencrypt/live/NAME/privkey.pem',
  };
  const word = service.speaks === 'pop3' ? 'STLS' : 'STARTTLS';
  if (tls !== null)
    return pass(STARTTLS, subject, `${word} works: ${tls.protocol}, ${tls.cipher}`, {
      evidence: starttls?.lines ?? [],
    });
  if (starttls !== null && !/^(220|OK|\+OK)$/.test(starttls.code))
    return fail(STARTTLS, subject, `${word} is offered, and refused: ${starttls.lines.join(' / ')}`, {
      evidence: starttls.lines,
      fix: { say: 'look into the log of the server: as a rule it cannot read its certificate or key', settings },
    });
  if (starttls !== null && end?.stage === 'TLS' && end.kind === 'closed')
    return fail(STARTTLS, subject, `${word} is offered, but no session comes about: ${end.detail}`, {
      fix: { say: 'look into the log of the server', settings },
    });
  if (greeting !== null && service.speaks === 'smtp' && greeting.code !== '220')
    return unknown(STARTTLS, subject, `the server refuses us: ${greeting.lines.join(' / ')}`, {
      evidence: greeting.lines,
    });
  if (end !== null && !offered && before === null) return unknown(STARTTLS, subject, `${end.stage}: ${end.detail}`);
  if (end !== null && offered) return unknown(STARTTLS, subject, `${end.stage}: ${end.detail}`);
  if (!offered)
    return fail(STARTTLS, subject, `${word} is not offered`, {
      evidence: before?.lines ?? [],
      fix: { say: 'turn TLS on', settings },
    });
  return unknown(STARTTLS, subject, 'no session came about');
}

function judgeHandshake({ end }: ServiceLook, subject: string): Finding {
  const why = end === null ? 'no session came about' : `${end.stage}: ${end.detail}`;
  if (end?.stage === 'TLS' && end.kind === 'closed')
    return fail(STARTTLS, subject, `no TLS session comes about: ${end.detail}`, { rfc: 'RFC 8314 3' });
  return unknown(STARTTLS, subject, why, { rfc: 'RFC 8314 3' });
}

const TRUST: Record<string, string> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its chain ends at a root that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the intermediate certificate is missing: the server must send the whole chain',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its issuer is not known: an intermediate is missing, or the root is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'its issuer is not known: an intermediate is missing, or the root is not trusted',
  CERT_REVOKED: 'it is revoked',
};

/** Senders to port 25 check no certificate but by DANE or MTA-STS: there its trust is for information. */
function judgeCertificate(
  { service, address, name }: ServiceLook,
  { untrusted, wrongName }: TlsLook,
  certificate: X509Certificate,
  now: Date,
): Finding {
  const subject = subjectOf({ service, address });
  const inform = service.port === 25;
  const ends = new Date(certificate.validTo);
  const left = Math.floor((ends.getTime() - now.getTime()) / DAY);
  const evidence = [
    `subject: ${oneLine(certificate.subject)}`,
    `names: ${certificate.subjectAltName ?? 'none'}`,
    `issuer: ${oneLine(certificate.issuer)}`,
    `valid: ${new Date(certificate.validFrom).toISOString()} to ${ends.toISOString()}`,
  ];
  const problems = [
    left < 0 ? `it expired on ${ends.toISOString().slice(0, 10)}` : null,
    untrusted === null || (left < 0 && untrusted === 'CERT_HAS_EXPIRED')
      ? null
      : (TRUST[untrusted] ?? `it is not trusted (${untrusted})`),
    wrongName === null ? null : `${wrongName}, not for ${name}`,
  ].filter((problem) => problem !== null);
  const fix = {
    say: 'have a certificate for this name renewed, and let the server send the whole chain (fullchain.pem)',
    after: `certbot certonly -d ${name ?? 'mail.example.org'}`,
  };
  const severity: Severity = inform ? 'info' : 'high';
  if (problems.length > 0) {
    const said = problems.join('; ');
    return inform
      ? warn(CERT, subject, `${said} (on port 25 for information)`, { evidence, severity, fix })
      : fail(CERT, subject, said, { evidence, severity, fix });
  }
  if (left < RENEW_BEFORE)
    return warn(CERT, subject, `it expires in ${left} days, on ${ends.toISOString().slice(0, 10)}`, {
      evidence,
      severity,
      fix,
    });
  const named = name === null ? '; for which name it should be is not known' : ` for ${name}`;
  return pass(CERT, subject, `trusted${named}, ${left} days left`, { evidence, severity });
}

const oneLine = (text: string | undefined): string => (text ?? '').replaceAll('\n', ', ');

function judgeVersion({ service, old }: ServiceLook, { protocol }: TlsLook, subject: string): Finding {
  const strict = service.tls === 'implicit';
  const severity: Severity = strict ? 'high' : service.port === 25 ? 'low' : 'medium';
  const fix = {
    say: 'offer TLS 1.2 and newer only',
    settings: {
      postfix: 'smtpd_tls_protocols = >=TLSv1.2\nsmtpd_tls_mandatory_protocols = >=TLSv1.2',
      exim: 'openssl_options = +no_tlsv1 +no_tlsv1_1',
      dovecot: 'ssl_min_protocol = TLSv1.2',
    },
  };
  if (protocol === 'TLSv1' || protocol === 'TLSv1.1')
    return fail(
      VERSION,
      subject,
      `nothing newer than ${protocol} is offered: many will not connect, or fall back to plain text`,
      { severity: 'high', fix },
    );
  if (typeof old === 'string')
    return fail(VERSION, subject, `${old} is still offered beside ${protocol}`, { severity, fix });
  const also = old === null ? ', nothing older than 1.2' : '; whether it offers older ones too could not be seen';
  return pass(VERSION, subject, `${protocol}${also}`, { severity });
}

/** Object identifiers of signatures with SHA-1 and MD5, as DER has them. */
const WEAK_SIGNATURES: [name: string, oid: Buffer][] = [
  ['SHA-1', Buffer.from('06092a864886f70d010105', 'hex')],
  ['MD5', Buffer.from('06092a864886f70d010104', 'hex')],
  ['SHA-1', Buffer.from('06072a8648ce3d0401', 'hex')],
];

function judgeKey(certificate: X509Certificate, subject: string): Finding {
  const { asymmetricKeyType: kind = 'unknown', asymmetricKeyDetails: details } = certificate.publicKey;
  const bits = details?.modulusLength;
  const weak = WEAK_SIGNATURES.find(([, oid]) => certificate.raw.includes(oid))?.[0];
  const fix = { say: 'make a new key (RSA of 2048 bits, or ECDSA) and have the certificate renewed' };
  if (bits !== undefined && bits < LEAST_RSA)
    return fail(KEY, subject, `${kind.toUpperCase()} key of ${bits} bits, less than ${LEAST_RSA}`, { fix });
  if (weak !== undefined) return fail(KEY, subject, `signed with ${weak}, which nobody should accept`, { fix });
  return pass(
    KEY,
    subject,
    `${kind.toUpperCase()}${bits === undefined ? ` ${details?.namedCurve ?? ''}` : ` of ${bits} bits`}`,
  );
}
