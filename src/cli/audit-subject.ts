import { readFileSync } from 'node:fs';
import { UserError } from '../errors.ts';
import { type Message, parseMessage } from '../posture/message.ts';
import type { Subject } from '../posture/subject.ts';
import { countOf, expand, parseTarget } from '../target.ts';
import { whyUnreadable } from '../unreadable.ts';
import type { World } from './world.ts';

/** What the user says about what is audited. */
export type SubjectOptions = {
  helo?: string;
  dkimSelector?: string[];
  message?: string;
  ownDomain?: string[];
  allowSpecial?: boolean;
};

/** Throws UserError for what is no single address or domain. */
export async function subjectOf(words: string[], options: SubjectOptions, world: World): Promise<Subject> {
  const targets = words.map((word) => oneTarget(word, options.allowSpecial === true));
  const domains = targets.filter(({ kind }) => kind === 'domain').map(({ text }) => text);
  const message = options.message === undefined ? null : await readMessage(options.message, world);
  return {
    domains,
    addresses: targets.flatMap(({ kind, text }) => (kind === 'domain' ? [] : [{ kind, text, mx: null }])),
    helo: options.helo?.trim().toLowerCase().replace(/\.$/, '') ?? null,
    selectors: [...selectorsOf(options.dkimSelector ?? [], domains), ...(message?.signatures ?? [])].filter(
      firstOfItsKind,
    ),
    message,
    ownDomains: (options.ownDomain ?? []).map((word) => oneTarget(word, true).text),
  };
}

function oneTarget(word: string, allowSpecial: boolean) {
  const range = parseTarget(word, { allowSpecial });
  const [target] = expand(range);
  if (target === undefined || countOf(range) !== 1n)
    throw new UserError(`audit "${word}": expected single addresses and domains; a whole network is no mail server`);
  return target;
}

/** `mail`, for every domain that is audited, or `mail._domainkey.example.org`. */
function selectorsOf(words: string[], domains: string[]): Subject['selectors'] {
  return words.flatMap((word) => {
    const [, selector = word, domain] = /^(.+)\._domainkey\.(.+)$/i.exec(word.trim().replace(/\.$/, '')) ?? [];
    if (!/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i.test(selector.trim()))
      throw new UserError(
        `--dkim-selector "${word}": expected a selector such as mail, or mail._domainkey.example.org`,
      );
    if (domain === undefined && domains.length === 0)
      throw new UserError(
        `--dkim-selector "${word}": expected a domain to audit, or the whole name mail._domainkey.example.org`,
      );
    const of = domain === undefined ? domains : [domain.toLowerCase()];
    return of.map((one) => ({ selector: selector.trim().toLowerCase(), domain: one }));
  });
}

function firstOfItsKind(one: Subject['selectors'][number], at: number, all: Subject['selectors']): boolean {
  return all.findIndex(({ selector, domain }) => selector === one.selector && domain === one.domain) === at;
}

async function readMessage(file: string, world: World): Promise<Message> {
  const text = file === '-' ? await world.input() : readGiven('--message', file);
  const message = parseMessage(text);
  if (message.from === null && message.signatures.length === 0 && message.received.length === 0)
    throw new UserError(
      `--message ${file}: expected a message with its header (From, DKIM-Signature, Received), as "show original" gives it`,
    );
  return message;
}

/** A file that an option names, as text. */
export function readGiven(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${option} ${file}: ${whyUnreadable(error)}`);
  }
}
