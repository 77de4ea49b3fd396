import { type Check, type Finding, fail, pass, unknown } from './finding.ts';
import type { Reply } from './mail/service.ts';
import type { Asking, Subject } from './subject.ts';

const POSTMASTER: Check = { check: 'role.postmaster', severity: 'medium', rfc: 'RFC 5321 4.5.1' };
const ABUSE: Check = { check: 'role.abuse', severity: 'medium', rfc: 'RFC 2142 4' };

/** Whether the mailboxes that every domain must have would take mail; tried up to RCPT. */
export async function checkRoles(subject: Subject, { mail }: Asking): Promise<Finding[]> {
  if (mail === null) return [];
  const seen = await mail.looks(subject);
  return subject.domains.flatMap((domain) =>
    [POSTMASTER, ABUSE].map((check) => {
      const mailbox = `${check === POSTMASTER ? 'postmaster' : 'abuse'}@${domain}`;
      const asked = seen
        .filter(({ server }) => server.recipients.includes(mailbox))
        .map(({ look }) => look)
        .find(({ service }) => service.port === 25);
      const reply = asked?.recipients.find(({ recipient }) => recipient === mailbox)?.reply ?? null;
      if (reply !== null) return judgeMailbox(check, mailbox, reply);
      if (asked === undefined) return unknown(check, mailbox, 'no server is known that takes mail for the domain');
      const why =
        asked.end === null
          ? `the server refuses us: ${asked.greeting?.lines.join(' / ') ?? ''}`
          : `${asked.end.stage}: ${asked.end.detail}`;
      return unknown(check, mailbox, why);
    }),
  );
}

/** Replies that are about us, who ask, and not about the mailbox. */
const ABOUT_US =
  /block|list|spam|reputation|client host|client address|reverse|\bptr\b|helo|ehlo|hostname|denied by|dynamic|starttls|must issue|authentication required|not accepting|geo/i;

function judgeMailbox(check: Check, mailbox: string, { code, lines }: Reply): Finding {
  const said = lines.join(' / ');
  if (code.startsWith('2')) return pass(check, mailbox, 'is accepted', { evidence: lines });
  if (code.startsWith('4')) return unknown(check, mailbox, `put off (greylisting?): ${said}`, { evidence: lines });
  if (ABOUT_US.test(said))
    return unknown(check, mailbox, `the server refuses us, not the mailbox: ${said}`, { evidence: lines });
  return fail(check, mailbox, `is refused: ${said}`, {
    evidence: lines,
    fix: {
      say: 'let the mailbox exist, as an alias to somebody who reads it',
      after: `${mailbox.split('@')[0]}: root`,
      settings: { postfix: `# /etc/aliases, then newaliases\n${mailbox.split('@')[0]}: root` },
    },
  });
}
