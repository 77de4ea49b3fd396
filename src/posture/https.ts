import { type RequestOptions, request } from 'node:https';
import type { Lookup } from '../dns/lookup.ts';
import { addressesOf } from './records.ts';
import { isSpecial } from './special.ts';
import { trusting } from './trust.ts';

/** What a web server gave. `failed`: no answer that could be judged; `wrong`: an answer that is not as it must be. */
export type Fetched =
  | { kind: 'body'; body: Buffer; type: string }
  | { kind: 'wrong'; why: string }
  | { kind: 'failed'; why: string };

export type FetchOptions = {
  lookup: Lookup;
  /** Where a port's server listens instead, as in a laboratory. */
  ports: ReadonlyMap<number, number>;
  /** Certificates trusted beside those of Node (PEM). */
  ca: string[];
  /** Milliseconds for all of it. */
  deadline: number;
  allowSpecial: boolean;
  signal: AbortSignal;
};

const LARGEST = 64 * 1024;

/** GET, without following redirects (RFC 8461 3.3). At most 64 KiB are read. Names lead only where our lookups say. */
export async function fetchHttps(url: URL, options: FetchOptions): Promise<Fetched> {
  const host = url.hostname;
  const { addresses, failed } = await addressesOf(options.lookup, host);
  if (addresses.length === 0)
    return failed === null ? { kind: 'wrong', why: `${host} has no address` } : { kind: 'failed', why: failed };
  const special = options.allowSpecial ? undefined : addresses.find(isSpecial);
  if (special !== undefined)
    return { kind: 'wrong', why: `${host} leads to ${special}, which nobody outside can reach` };
  return get(url, addresses, options);
}

function get(
  { hostname: host, port, pathname, search }: URL,
  addresses: string[],
  options: FetchOptions,
): Promise<Fetched> {
  return new Promise((resolve) => {
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.deadline)]);
    const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    const wanted: RequestOptions = {
      host,
      port: options.ports.get(Number(port || 443)) ?? Number(port || 443),
      path: `${pathname}${search}`,
      servername: host,
      agent: false,
      signal,
      ...trusting(options.ca),
      // Node tries one after the other; the name is not resolved again.
      lookup: (_name, _options, callback) => callback(null, all),
      headers: { host, accept: 'text/plain, */*' },
    };
    const outgoing = request(wanted, (response) => {
      const { statusCode = 0, headers } = response;
      const stop = (fetched: Fetched): void => {
        resolve(fetched);
        outgoing.destroy();
      };
      if (statusCode !== 200) {
        const to = headers.location === undefined ? '' : ', a redirect that must not be followed';
        return stop({ kind: 'wrong', why: `the server answers ${statusCode}${to}` });
      }
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        parts.push(part);
        if (size > LARGEST) stop({ kind: 'wrong', why: `longer than ${LARGEST / 1024} KiB` });
      });
      response.on('end', () =>
        resolve({ kind: 'body', body: Buffer.concat(parts), type: headers['content-type'] ?? '' }),
      );
      response.on('error', (error) => resolve(failureOf(error, options.deadline)));
    });
    outgoing.on('error', (error) => resolve(failureOf(error, options.deadline)));
    outgoing.end();
  });
}

/** A refused connection and a bad certificate are the server's; what takes too long may be ours. */
function failureOf(error: NodeJS.ErrnoException, deadline: number): Fetched {
  if (error.name === 'AbortError') return { kind: 'failed', why: `no answer within ${deadline / 1000} s` };
  const code = error.code ?? error.message;
  if (code === 'ECONNREFUSED') return { kind: 'wrong', why: 'nothing listens for HTTPS there' };
  if (/CERT|SELF_SIGNED|VERIFY|ALTNAME/.test(code))
    return { kind: 'wrong', why: `its certificate is not accepted (${code})` };
  return { kind: 'failed', why: `HTTPS: ${code}` };
}
