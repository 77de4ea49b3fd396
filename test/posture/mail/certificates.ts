import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A certificate chain as a server sends it, and its key (PEM); the files, for servers that read files. */
export type Identity = { chain: string; key: string; chainFile: string; keyFile: string };

export type Certificates = {
  folder: string;
  /** The root, to be trusted in tests. */
  ca: string;
  caFile: string;
  /** Signed by an intermediate, which is sent with it. */
  good(name: string): Identity;
  /** Without the intermediate. */
  incomplete(name: string): Identity;
  expired(name: string): Identity;
  /** Ends in so many days. */
  ending(name: string, days: number): Identity;
  selfSigned(name: string): Identity;
  weakKey(name: string): Identity;
  sha1(name: string): Identity;
  remove(): void;
};

/** Real certificates made by openssl, as Debian has it. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-certificates-'));
  const file = (name: string): string => path.join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  for (const name of ['root', 'middle']) {
    mkdirSync(file(`${name}.new`));
    writeFileSync(file(`${name}.index`), '');
    writeFileSync(file(`${name}.serial`), '1000');
    writeFileSync(
      file(`${name}.cnf`),
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${name}.index\nserial=${name}.serial\nnew_certs_dir=${name}.new\ncertificate=${name}.pem\nprivate_key=${name}.key\n` +
        'default_md=sha256\npolicy=p\nemail_in_dn=no\nunique_subject=no\ncopy_extensions=copy\n[p]\ncommonName=supplied\n',
    );
  }
  /** ECDSA, which is made at once; RSA where the bits matter. */
  const key = (name: string, bits: number | null): void =>
    bits === null
      ? openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`)
      : openssl('genrsa', '-out', `${name}.key`, String(bits));
  const v3 = (name: string, text: string): string => {
    writeFileSync(file(`${name}.ext`), text);
    return `${name}.ext`;
  };
  key('root', null);
  openssl(
    'req',
    '-x509',
    '-new',
    '-key',
    'root.key',
    '-subj',
    '/CN=Test root',
    '-days',
    '3650',
    '-out',
    'root.pem',
    '-addext',
    'basicConstraints=critical,CA:TRUE',
  );
  key('middle', null);
  openssl('req', '-new', '-key', 'middle.key', '-subj', '/CN=Test intermediate', '-out', 'middle.csr');
  openssl(
    'ca',
    '-batch',
    '-config',
    'root.cnf',
    '-in',
    'middle.csr',
    '-out',
    'middle.pem',
    '-notext',
    '-days',
    '3650',
    '-extfile',
    v3('middle', 'basicConstraints=critical,CA:TRUE\n'),
  );

  let made = 0;
  const stamp = (days: number): string =>
    new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, '');
  type Wanted = { bits?: number | null; from?: number; to?: number; digest?: string; whole?: boolean };
  const leaf = (
    name: string,
    { bits = null, from = -30, to = 90, digest = 'sha256', whole = true }: Wanted = {},
  ): Identity => {
    made += 1;
    const id = `leaf${made}`;
    key(id, bits);
    openssl('req', '-new', '-key', `${id}.key`, '-subj', `/CN=${name}`, '-out', `${id}.csr`);
    openssl(
      ...['ca', '-batch', '-config', 'middle.cnf', '-in', `${id}.csr`, '-out', `${id}.pem`, '-notext', '-md', digest],
      ...['-startdate', stamp(from), '-enddate', stamp(to), '-extfile', v3(id, `subjectAltName=DNS:${name}\n`)],
    );
    return written(
      id,
      readFileSync(file(`${id}.pem`), 'utf8') + (whole ? readFileSync(file('middle.pem'), 'utf8') : ''),
    );
  };
  const written = (id: string, chain: string): Identity => {
    writeFileSync(file(`${id}.chain`), chain);
    return {
      chain,
      key: readFileSync(file(`${id}.key`), 'utf8'),
      chainFile: file(`${id}.chain`),
      keyFile: file(`${id}.key`),
    };
  };
  return {
    folder,
    ca: readFileSync(file('root.pem'), 'utf8'),
    caFile: file('root.pem'),
    good: (name) => leaf(name),
    incomplete: (name) => leaf(name, { whole: false }),
    expired: (name) => leaf(name, { from: -90, to: -2 }),
    ending: (name, days) => leaf(name, { to: days }),
    weakKey: (name) => leaf(name, { bits: 1024 }),
    sha1: (name) => leaf(name, { digest: 'sha1' }),
    selfSigned(name) {
      made += 1;
      const id = `leaf${made}`;
      key(id, null);
      openssl(
        'req',
        '-x509',
        '-new',
        '-key',
        `${id}.key`,
        '-subj',
        `/CN=${name}`,
        '-days',
        '90',
        '-out',
        `${id}.pem`,
        '-addext',
        `subjectAltName=DNS:${name}`,
      );
      return written(id, readFileSync(file(`${id}.pem`), 'utf8'));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
