import { addressNumber, addressText } from '../address.ts';
import { parseTags } from './tags.ts';

/** What the header of a message says of how it was sent. Nothing of it is verified. */
export type Message = {
  /** Domain of From; null where there is none, or several. */
  from: string | null;
  /** Domain of Return-Path, the MAIL FROM; null for bounces, or where the message never arrived. */
  mailFrom: string | null;
  signatures: { domain: string; selector: string }[];
  /** Who said HELO as what to whom wrote the Received line, and whether over TLS; from the top, which is the last hop. */
  received: { helo: string; address: string; overTls: boolean; line: string }[];
};

/** Characters of header that are read, lines that are kept; far beyond what servers accept. */
const LONGEST = 512 * 1024;
const MOST_FIELDS = 2000;

/** Reads a message, or its header alone. Never throws: what is not there is null or empty. */
export function parseMessage(text: string): Message {
  const fields = headerFields(text.slice(0, LONGEST));
  const all = (name: string): string[] => fields.filter((field) => field.name === name).map(({ value }) => value);
  return {
    from: onlyOne(all('from').map(domainOf)),
    mailFrom:
      all('return-path')
        .map(domainOf)
        .find((domain) => domain !== null) ?? null,
    signatures: all('dkim-signature').flatMap((value) => {
      const tags = parseTags(value);
      const [domain, selector] = [tags.get('d')?.toLowerCase(), tags.get('s')?.toLowerCase()];
      return domain === undefined || selector === undefined ? [] : [{ domain, selector }];
    }),
    received: all('received').flatMap(receivedFrom),
  };
}

function headerFields(text: string): { name: string; value: string }[] {
  const fields: { name: string; value: string }[] = [];
  // An mbox begins with a line of its own.
  for (const line of text.replace(/^From [^\n]*\n/, '').split(/\r?\n/)) {
    if (line === '' || fields.length > MOST_FIELDS) break;
    const last = fields.at(-1);
    if (/^[ \t]/.test(line)) {
      if (last !== undefined) last.value += ` ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    if (colon > 0)
      fields.push({ name: line.slice(0, colon).trim().toLowerCase(), value: line.slice(colon + 1).trim() });
  }
  return fields;
}

const onlyOne = <T>(values: (T | null)[]): T | null => (values.length === 1 ? (values[0] ?? null) : null);

/** The domain of the only address in a field; quoted names and comments may hold an @. */
function domainOf(value: string): string | null {
  const bare = value.replace(/"(?:[^"\\]|\\.)*"/g, '').replace(/\([^()]*\)/g, '');
  const domains = [...bare.matchAll(/@([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)/gi)].map((match) => match[1]?.toLowerCase());
  return domains.length === 1 ? (domains[0] ?? null) : null;
}

/** The protocols of RFC 3848 and RFC 6531 that are over TLS, and what servers say of the session. */
const OVER_TLS =
  /\bwith\s+(?:e?smtps|lmtps|utf8smtps|utf8lmtps)a?\b|\bversion=TLS|\busing TLS|\(TLS1?[ .:_v]|\bTLSv?1[._]\d/i;

function receivedFrom(value: string): Message['received'] {
  const helo = /^from\s+\[?([^\s()[\]]+)\]?/i.exec(value)?.[1];
  const address = /\[(?:IPv6:)?([0-9a-f.:]+)\]/i.exec(value.replace(/^from\s+\S+/i, ''))?.[1];
  const number = address === undefined ? null : addressNumber(address);
  if (helo === undefined || number === null) return [];
  return [
    {
      helo: helo.toLowerCase().replace(/\.$/, ''),
      address: addressText(number.kind, number.value),
      overTls: OVER_TLS.test(value),
      line: value,
    },
  ];
}
