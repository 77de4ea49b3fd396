import { type Check, type Finding, pass, unknown, warn } from './finding.ts';
import { type AuditedAddress, type Subject, senders } from './subject.ts';

const OUTBOUND: Check = { check: 'tls.outbound', severity: 'high', rfc: 'RFC 3207, RFC 3848' };

/** Whether the server uses TLS when it sends, which only who receives from it can see: read from Received lines. */
export async function checkOutboundTls(subject: Subject): Promise<Finding[]> {
  return senders(subject).map((address) => judge(address, subject));
}

function judge({ text }: AuditedAddress, { message }: Subject): Finding {
  const seen = message?.received.filter(({ address }) => address === text) ?? [];
  const evidence = seen.map(({ line }) => `Received: ${line}`);
  if (seen.length === 0)
    return unknown(OUTBOUND, text, 'it shows only in a message that arrived somewhere', {
      settle: `dnsblwatch audit ${text} --message FILE`,
    });
  if (seen.every(({ overTls }) => overTls)) return pass(OUTBOUND, text, 'mail left it over TLS', { evidence });
  return warn(
    OUTBOUND,
    text,
    'mail left it without TLS, which Gmail refuses (4.7.29); perhaps the receiver offered none',
    {
      evidence,
      fix: {
        say: 'let the server use TLS wherever it is offered',
        settings: { postfix: 'smtp_tls_security_level = may', exim: 'hosts_avoid_tls =' },
      },
    },
  );
}
