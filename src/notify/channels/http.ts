import { plain } from '../../output/plain.ts';
import { DeliveryFailure, type Sending } from './channel.ts';

/** Long enough for a busy service, short enough that one that hangs does not hold up the others. */
const TIMEOUT = 20_000;

export type Answer = { text: string; json: Record<string, unknown> };

/**
 * Posts JSON and gives the answer of a 2xx. Anything else is a DeliveryFailure: to be tried again after network
 * failures, 408, 425, 429 and 5xx; permanent otherwise. The address never appears in it, for it holds a secret.
 */
export async function postJson(
  url: string,
  body: unknown,
  { signal }: Sending,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const deadline = AbortSignal.timeout(TIMEOUT);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      // A redirect would carry the message, and its signature, to where nobody configured it to go.
      redirect: 'manual',
      headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'dnsblwatch', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    });
    text = await response.text();
  } catch (error) {
    throw new DeliveryFailure(networkText(error, deadline), { permanent: false });
  }
  const json = objectIn(text);
  if (response.ok) return { text, json };
  const { status } = response;
  throw new DeliveryFailure(`HTTP ${status}${said(text, url)}`, {
    permanent: status < 500 && status !== 408 && status !== 425 && status !== 429,
    retryAfter: retryAfterOf(response, json),
  });
}

function networkText(error: unknown, deadline: AbortSignal): string {
  if (deadline.aborted) return `no answer in ${TIMEOUT / 1000} s`;
  const cause = (error as { cause?: { code?: string } }).cause;
  return `not reached (${cause?.code ?? (error instanceof Error ? error.name : 'unknown')})`;
}

/** What a service says of its refusal, without what it may repeat of the address. */
export function said(text: string, url: string): string {
  const { pathname, search } = new URL(url);
  const secrets = [url, search.slice(1), ...search.slice(1).split(/[&=]/), ...pathname.split('/')];
  let safe = text;
  for (const secret of secrets) if (secret.length > 5) safe = safe.replaceAll(secret, '…');
  const shown = plain(safe, 200);
  return shown === '' ? '' : `: ${shown}`;
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Seconds in the header (RFC 9110 section 10.2.3), or where Discord and Telegram put them. */
function retryAfterOf(response: Response, json: Record<string, unknown>): number | null {
  const { parameters } = json;
  const inParameters =
    typeof parameters === 'object' && parameters !== null ? (parameters as Record<string, unknown>).retry_after : null;
  const seconds = [response.headers.get('retry-after'), json.retry_after, inParameters]
    .map((value) => (value === null || value === undefined ? Number.NaN : Number(value)))
    .find((value) => Number.isFinite(value) && value >= 0);
  return seconds === undefined ? null : seconds * 1000;
}

/** Services that answer 200 with a code in the body: 0 is success, `busy` codes are to be tried again. */
export function mustBeZero(answer: Answer, key: string, busy: readonly number[], url: string): void {
  const code = answer.json[key];
  if (code === 0) return;
  if (typeof code !== 'number')
    throw new DeliveryFailure(`answered without a ${key}${said(answer.text, url)}`, { permanent: false });
  throw new DeliveryFailure(`${key} ${code}${said(answer.text, url)}`, { permanent: !busy.includes(code) });
}
