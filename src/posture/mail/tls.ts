import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity, connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { trusting } from '../trust.ts';
import type { Conversation } from './conversation.ts';

/** What a server showed in a TLS handshake. Trust is judged by `untrusted` and `wrongName`, not by the handshake. */
export type TlsLook = {
  /** `TLSv1.3` … `TLSv1`. */
  protocol: string;
  cipher: string;
  certificate: X509Certificate | null;
  /** The issuers above it, as sent or as known here (DER). */
  chain: Buffer[];
  /** OpenSSL's code, such as CERT_HAS_EXPIRED; null: a trusted chain. */
  untrusted: string | null;
  /** Why the name does not fit; null: it does, or no name was asked for. */
  wrongName: string | null;
};

export type TlsWanted = {
  /** SNI, and the name that the certificate must hold; null: none is known. */
  name: string | null;
  ca: string[];
  /** The newest version offered by us; for asking after old ones. */
  newest?: SecureVersion;
};

/** Everything is accepted that OpenSSL can still speak: what is too old or too weak is to be seen, not refused. */
const LENIENT = { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0', rejectUnauthorized: false } as const;

/** Goes on with the conversation over TLS. Throws Ended where no session comes about. */
export async function startTls(talk: Conversation, { name, ca, newest }: TlsWanted): Promise<TlsLook> {
  const secured = await talk.secure((socket) =>
    connect({
      socket,
      ...LENIENT,
      ...trusting(ca),
      ...(newest === undefined ? {} : { maxVersion: newest }),
      ...(name === null || isIP(name) !== 0 ? {} : { servername: name }),
      checkServerIdentity: () => undefined,
    }),
  );
  return lookOf(secured, name);
}

function lookOf(secure: TLSSocket, name: string | null): TlsLook {
  // Once: after it, Node gives neither the issuers nor the older form of the certificate again.
  const certificate = secure.getPeerX509Certificate();
  const peer = certificate?.toLegacyObject();
  const misfit = name === null || peer === undefined ? undefined : checkServerIdentity(name, peer);
  const error = secure.authorizationError as unknown;
  return {
    protocol: secure.getProtocol() ?? 'unknown',
    cipher: secure.getCipher().name,
    certificate: certificate ?? null,
    chain: issuersOf(certificate),
    untrusted: secure.authorized ? null : error instanceof Error ? error.message : String(error ?? 'not verified'),
    wrongName: misfit === undefined ? null : `it is for ${namesOf(peer?.subjectaltname, peer?.subject?.CN)}`,
  };
}

/** A root is its own issuer; longer chains are not followed. */
function issuersOf(leaf: X509Certificate | undefined): Buffer[] {
  const issuers: Buffer[] = [];
  for (let at = leaf?.issuerCertificate; at !== undefined && issuers.length < 10; at = at.issuerCertificate) {
    const { raw } = at;
    if (issuers.some((other) => other.equals(raw))) break;
    issuers.push(raw);
  }
  return issuers;
}

function namesOf(altNames: string | undefined, commonName: string | string[] | undefined): string {
  const names = (altNames ?? '')
    .split(', ')
    .map((one) => one.replace(/^DNS:/, ''))
    .filter((one) => one !== '');
  return (names.length > 0 ? names.slice(0, 6) : [commonName ?? []].flat()).join(', ') || 'no name';
}
