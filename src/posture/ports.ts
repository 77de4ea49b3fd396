import { type Check, type Finding, fail, notApplicable, pass, unknown, warn } from './finding.ts';
import type { SeenService } from './mail/looks.ts';
import type { ServiceLook } from './mail/service.ts';
import { type ReverseNames, reverseNames } from './reverse-names.ts';
import type { Asking, Subject } from './subject.ts';
import { subjectOf } from './tls.ts';

const IN: Check = { check: 'port.25in', severity: 'high', rfc: 'RFC 5321 4.5.4.2' };
const OUT: Check = { check: 'port.25out', severity: 'high', rfc: null };
const OPEN: Check = { check: 'port.services', severity: 'info', rfc: 'RFC 8314 3' };
const AUTH: Check = { check: 'auth.plain', severity: 'high', rfc: 'RFC 4954 4, RFC 8314 4.1' };
const BANNER: Check = { check: 'helo.banner', severity: 'low', rfc: 'RFC 5321 4.3.1' };

export async function checkPorts(subject: Subject, asking: Asking): Promise<Finding[]> {
  const { mail, lookup } = asking;
  if (mail === null) return [];
  const seen = await mail.looks(subject);
  const smtp = seen.filter(({ look }) => look.service.port === 25);
  const reached = smtp.some(({ look }) => look.from !== null);
  const banners = await Promise.all(
    smtp.map(async ({ server, look }) => {
      if (look.greeting === null || look.before === null) return null;
      return judgeBanner(look, await reverseNames(lookup, { kind: server.kind, text: server.address }));
    }),
  );
  return [
    ...smtp.map((one) => judgeIn(one, reached)),
    judgeOut(smtp, mail.ownAddresses),
    ...openServices(seen),
    ...seen.map(({ look }) => judgeAuth(look)).filter((one) => one !== null),
    ...banners.filter((one) => one !== null),
  ];
}

/** Whether mail can come in. `reached`: some server was reached on port 25, so it is not blocked on our side. */
function judgeIn({ server, look }: SeenService, reached: boolean): Finding {
  const subject = subjectOf(look);
  const { greeting, end } = look;
  if (greeting?.code === '220') return pass(IN, subject, 'greets', { evidence: greeting.lines });
  if (server.receives.length === 0 && look.from === null)
    return notApplicable(IN, subject, 'nothing listens; it takes no mail for a domain that is audited');
  if (greeting !== null)
    return unknown(IN, subject, `it refuses us: ${greeting.lines.join(' / ')}`, { evidence: greeting.lines });
  if (end?.kind === 'refused')
    return fail(IN, subject, `nothing listens, and mail for ${server.receives.join(', ')} goes there`, {
      fix: { say: 'start the mail server, and let port 25 through the firewall' },
    });
  if (end?.kind === 'flood') return unknown(IN, subject, `what it sends is not SMTP: ${end.detail}`);
  if (end?.stage === 'connect' && end.kind === 'timeout' && reached)
    return fail(IN, subject, `${end.detail}; others answer on port 25, so it is not on our side`, {
      fix: { say: 'let port 25 through the firewall' },
    });
  if (end?.stage === 'connect')
    return unknown(IN, subject, `${end.detail}; perhaps port 25 outwards, or IPv6, is blocked where this runs`);
  return unknown(IN, subject, end === null ? 'no greeting' : `${end.stage}: ${end.detail}`);
}

/** Whether this machine can send; it counts only where it is the mail server itself. */
function judgeOut(smtp: SeenService[], own: ReadonlySet<string>): Finding {
  const here = 'this machine';
  const others = smtp.filter(({ server }) => !own.has(server.address));
  const ourselves = smtp.some(({ server }) => own.has(server.address));
  const reached = others.find(({ look }) => look.from !== null || look.end?.kind === 'refused');
  if (reached !== undefined) return pass(OUT, here, `reaches ${subjectOf(reached.look)}`);
  const settle = 'run it on the mail server, with a domain whose MX is elsewhere';
  if (others.length === 0) return unknown(OUT, here, 'no server elsewhere was to be reached', { settle });
  if (!ourselves) return unknown(OUT, here, 'reaches no server on port 25; it may be blocked here', { settle });
  return fail(OUT, here, 'reaches no server on port 25: your provider blocks it', {
    fix: { say: 'have your provider open port 25 outwards, or send through a relay' },
  });
}

function openServices(seen: SeenService[]): Finding[] {
  return [...Map.groupBy(seen, ({ server }) => server.address)].map(([address, all]) => {
    const open = all
      .filter(({ look }) => look.from !== null)
      .map(({ look }) => `${look.service.port} ${look.service.name}`);
    return open.length === 0
      ? notApplicable(OPEN, address, 'no mail port is open')
      : pass(OPEN, address, `open: ${open.join(', ')}`);
  });
}

/** Passwords that would go over the line in plain text. Pure. */
export function judgeAuth(look: ServiceLook): Finding | null {
  const { service, before, offered } = look;
  if (service.tls === 'implicit' || before === null) return null;
  const subject = subjectOf(look);
  const found = plainLogins(look);
  const fix = {
    say: 'offer log-ins only within TLS',
    settings: {
      postfix: 'smtpd_tls_auth_only = yes',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: so it is written in Exim
      exim: 'auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}',
      dovecot: 'disable_plaintext_auth = yes',
    },
  };
  if (found.length === 0) return pass(AUTH, subject, offered ? 'no log-in before TLS' : 'no log-in');
  const local = look.from === look.address ? ' (asked from the machine itself, which some servers trust)' : '';
  return fail(AUTH, subject, `offers ${found.join(', ')} before TLS: passwords can be read on the way${local}`, {
    evidence: before.lines,
    fix,
  });
}

function plainLogins({ service, before }: ServiceLook): string[] {
  const text = (before?.lines ?? []).join('\n');
  const plain = (mechanisms: string): string[] =>
    mechanisms
      .toUpperCase()
      .split(/\s+/)
      .filter((one) => /^(PLAIN|LOGIN|XOAUTH2|OAUTHBEARER)$/.test(one));
  if (service.speaks === 'smtp')
    return [...new Set([...text.matchAll(/^\d{3}[- ]AUTH[ =](.*)$/gim)].flatMap(([, list = '']) => plain(list)))].map(
      (one) => `AUTH ${one}`,
    );
  if (service.speaks === 'imap') {
    const mechanisms = plain([...text.matchAll(/\bAUTH=(\S+)/gi)].map(([, one]) => one).join(' ')).map(
      (one) => `AUTH=${one}`,
    );
    return /^\* CAPABILITY\b/im.test(text) && !/\bLOGINDISABLED\b/i.test(text) ? ['LOGIN', ...mechanisms] : mechanisms;
  }
  const mechanisms = plain([...text.matchAll(/^SASL (.*)$/gim)].map(([, list]) => list).join(' ')).map(
    (one) => `SASL ${one}`,
  );
  return /^USER\b/im.test(text) ? ['USER', ...mechanisms] : mechanisms;
}

function judgeBanner(look: ServiceLook, reverse: ReverseNames): Finding {
  const subject = subjectOf(look);
  const named = (lines: string[] | undefined): string =>
    /^\d{3}[- ](\S+)/
      .exec(lines?.[0] ?? '')?.[1]
      ?.toLowerCase()
      .replace(/\.$/, '') ?? '';
  const [banner, ehlo] = [named(look.greeting?.lines), named(look.before?.lines)];
  const evidence = [...(look.greeting?.lines ?? []), look.before?.lines[0] ?? ''];
  if (reverse.kind === 'failed') return unknown(BANNER, subject, reverse.why, { evidence });
  const names = reverse.kind === 'named' ? reverse.names : [];
  if (names.includes(banner) && names.includes(ehlo))
    return pass(BANNER, subject, `greets as ${banner}, its reverse name`);
  return warn(
    BANNER,
    subject,
    `greets as ${banner || 'nothing'}, answers EHLO as ${ehlo || 'nothing'}; its reverse name is ${names.join(', ') || 'missing'}`,
    {
      evidence,
      fix: {
        say: 'let the server use its reverse name',
        after: names[0] ?? null,
        settings: {
          postfix: `myhostname = ${names[0] ?? 'mail.example.org'}`,
          exim: `primary_hostname = ${names[0] ?? 'mail.example.org'}`,
        },
      },
    },
  );
}
