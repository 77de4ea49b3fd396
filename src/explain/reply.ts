import { isIP } from 'node:net';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { CheckId } from '../posture/finding.ts';
import { CAUSES, type Cause } from './causes.ts';
import { PROVIDERS, type Provider, type ProviderCode } from './providers.ts';
import { isKnown, type QuotedList, quotedLists, quotedOf } from './quoted-lists.ts';
import { AUTH_WORDS, LATER, OWN_REFUSAL, PTR_WORDS, RESOLVER_ERROR, SPF_STATUS, STATUSES, WORDS } from './rules.ts';

/** What an SMTP reply, or a bounce or log line with one in it, says to who sent the mail. */
export type Explanation = {
  /** `inbound`: a line of one's own log, in which one's own server refuses a stranger. */
  direction: 'outbound' | 'inbound';
  code: string | null;
  /** RFC 3463. */
  status: string | null;
  temporary: boolean | null;
  cause: Cause;
  meaning: string;
  /** The sending address, where the reply names it. */
  address: string | null;
  lists: QuotedList[];
  provider: { id: string; name: string; page: string | null; steps: string[] } | null;
  /** Posture checks that it is about, such as `ptr.fcrdns`. */
  checks: CheckId[];
  todo: string[];
};

/** Longest text that is read; the rest of a bounce is the message itself. */
const LONGEST = 20_000;

export function explainReply(given: string, catalogue: Catalogue): Explanation {
  const text = plainReply(given.slice(0, LONGEST));
  const { code, status } = codesOf(text);
  const lists = quotedLists(text, catalogue);
  const provider = PROVIDERS.find(({ seen }) => seen.test(text)) ?? null;
  const found = decide(text, code, lists, provider);
  const address = addressOf(text);
  const { says, todo } = CAUSES[found.cause];
  const quoted = found.list === undefined ? undefined : catalogue.find(found.list);
  const all: QuotedList[] = lists.map(({ domain: _domain, ...list }) => list);
  if (quoted !== undefined && !isKnown(quoted.operator, all, catalogue)) all.push(quotedOf(quoted));
  const withPage = <Of extends { page: string | null }>(of: Of): Of => ({ ...of, page: filledPage(of.page, address) });
  const fill = (line: string): string => line.replaceAll('{address}', address ?? 'YOUR-ADDRESS');
  return {
    direction: OWN_REFUSAL.test(text) ? 'inbound' : 'outbound',
    code,
    status,
    temporary: code === null ? null : code.startsWith('4'),
    cause: found.cause,
    meaning: found.says ?? says,
    address,
    lists: found.cause === 'delivered' ? [] : all.map(withPage),
    provider:
      provider === null
        ? null
        : withPage({ id: provider.id, name: provider.name, page: provider.page, steps: provider.steps }),
    checks: found.checks ?? [],
    todo: todo.map(fill),
  };
}

type Decision = { cause: Cause; says?: string; checks?: CheckId[]; list?: string };

function decide(
  text: string,
  code: string | null,
  lists: readonly { domain: boolean; id: string | null }[],
  provider: Provider | null,
): Decision {
  if (code?.startsWith('2')) return { cause: 'delivered' };
  if (RESOLVER_ERROR.test(text)) return { cause: 'resolver-error' };
  const early = WORDS.find(({ seen }) => seen.test(text));
  if (early !== undefined) return early;
  const ofProvider: ProviderCode | undefined = provider?.codes.find((one) => one.code.test(text));
  const named = STATUSES.find(({ seen }) => seen.test(text));
  const auth = AUTH_WORDS.find(({ seen }) => seen.test(text));
  if (PTR_WORDS.seen.test(text)) return PTR_WORDS;
  if (SPF_STATUS.test(text) && auth !== undefined) return auth;
  if (ofProvider?.list !== undefined || (ofProvider !== undefined && named === undefined)) return withSays(ofProvider);
  if (named !== undefined) return named;
  if (lists.length > 0 && (auth === undefined || !/dmarc/i.test(text)))
    return {
      cause: lists.every(({ domain }) => domain)
        ? 'domain-listed'
        : lists.some(reputationOnly)
          ? 'ip-reputation'
          : 'ip-listed',
    };
  return auth ?? LATER.find(({ seen }) => seen.test(text)) ?? { cause: 'other' };
}

const withSays = ({ cause, says, list }: ProviderCode): Decision => ({
  cause,
  says,
  ...(list === undefined ? {} : { list }),
});

/** Cloudmark's is a score of senders, not a list. */
const reputationOnly = (list: { id: string | null; name?: string }): boolean =>
  list.id === null && list.name === 'Cloudmark CSI';

/** One line; the code that begins each line of a long reply stands only once. */
function plainReply(given: string): string {
  let first = true;
  const once = (all: string): string => {
    const kept = first ? all : '';
    first = false;
    return kept;
  };
  return given
    .replace(/\r?\n/g, ' ')
    .replace(/(?<=^|\s)[245]\d\d-(?:[245]\.\d{1,3}\.\d{1,3} )?/g, once)
    .replace(/\s+/g, ' ')
    .trim();
}

/** The first reply code; an enhanced one right after it, or the first that stands alone. */
function codesOf(text: string): { code: string | null; status: string | null } {
  const said =
    /(?:said|response|reply|error|smtp)\W{1,10}([245]\d\d)(?=[ -])/i.exec(text) ??
    /(?:^|[\s;(:"'<])([245]\d\d)(?=[ -])/.exec(text);
  const status = /(?:^|[\s;(#=-])([245]\.\d{1,3}\.\d{1,3})(?=[\s,;:)\]]|$)/.exec(text)?.[1] ?? null;
  return { code: said?.[1] ?? null, status };
}

/** The sender's address: not that of the host that replies, which stands before "said". */
function addressOf(text: string): string | null {
  const reply = text.replace(
    /^.*?(?:\bsaid:|refused to talk to me:|Remote host said:|\bhost \S+ \[[0-9a-f.:]+\]:)/i,
    '',
  );
  const asked =
    /[?&](?:ip|ipr|value|query|q|search|ip_address)=([0-9a-f.:]+)/i.exec(reply)?.[1] ??
    /\/(?:query\/(?:ip|bl)|ip)\/([0-9a-f.:]+)/i.exec(reply)?.[1];
  const all = [
    ...reply.matchAll(
      /(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.]*\d)|(?<![0-9a-f:])([0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7})/gi,
    ),
  ].map((match) => match[1] ?? match[2] ?? '');
  return (
    [asked ?? '', ...all]
      .map((one) => one.replace(/[.:]$/, ''))
      .find((one) => isIP(one) !== 0 && !one.startsWith('127.')) ?? null
  );
}

const filledPage = (page: string | null, address: string | null): string | null =>
  page === null ? null : page.replace(/\{(?:ip|target|domain)\}/g, address === null ? '' : encodeURIComponent(address));
