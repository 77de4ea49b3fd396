import { addressNumber, bitsOf } from '../address.ts';
import { type Check, type Finding, fail, notApplicable, pass, unknown } from './finding.ts';
import type { RelayLook } from './mail/relay-probe.ts';
import { isSpecial } from './special.ts';
import type { Asking, Subject } from './subject.ts';

const RELAY: Check = { check: 'relay', severity: 'critical', rfc: 'RFC 2505 2.1 (BCP 30)' };

/** Only servers that the user named, and only when asked to: others’ servers are not ours to try. */
export async function checkRelay({ addresses }: Subject, { mail }: Asking): Promise<Finding[]> {
  if (mail === null || mail.relay === null) return [];
  const { relay } = mail;
  return Promise.all(
    addresses.map(async ({ text, mx }) => {
      if (mx !== null) return notApplicable(RELAY, text, 'only addresses that were named are tried');
      const look = await relay(text);
      return judgeRelay(look, look.from !== null && isOutside(look.from, text));
    }),
  );
}

/** A server trusts its own network: what it takes from there says nothing. */
export const isOutside = (from: string, server: string): boolean => {
  if (from === server || isSpecial(from)) return false;
  const [one, other] = [addressNumber(from), addressNumber(server)];
  if (one === null || other === null || one.kind !== other.kind) return true;
  const shift = BigInt(bitsOf(one.kind) - (one.kind === 'ipv4' ? 24 : 64));
  return one.value >> shift !== other.value >> shift;
};

/** `outside`: it was asked from where the server trusts nobody. Pure. */
export function judgeRelay({ address, from, recipient, reply, end }: RelayLook, outside: boolean): Finding {
  if (from === null || reply === null) {
    if (end?.kind === 'refused') return notApplicable(RELAY, address, 'nothing listens on port 25');
    return unknown(RELAY, address, end === null ? 'no answer' : `${end.stage}: ${end.detail}`);
  }
  const said = reply.lines.join(' / ');
  const evidence = [`from ${from}`, `RCPT TO:<${recipient}>`, ...reply.lines];
  if (!outside)
    return unknown(RELAY, address, `asked from ${from}, which the server may trust: it says nothing about strangers`, {
      evidence,
      settle: `dnsblwatch audit ${address} --open-relay, from a machine in another network`,
    });
  if (reply.code.startsWith('5'))
    return pass(RELAY, address, `refuses a stranger's mail to ${recipient}: ${said}`, { evidence });
  if (reply.code.startsWith('4')) return unknown(RELAY, address, `puts it off: ${said}`, { evidence });
  return fail(RELAY, address, `would take a stranger's mail to ${recipient} (tried up to RCPT; nothing was sent)`, {
    evidence,
    fix: {
      say: 'relay only for your own networks and for who has logged in',
      settings: {
        postfix:
          'mynetworks = 127.0.0.0/8 [::1]/128\nsmtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination',
        exim: 'hostlist relay_from_hosts = 127.0.0.1 : ::1',
      },
    },
  });
}
