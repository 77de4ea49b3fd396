import { isIP } from 'node:net';
import { addressNumber } from '../address.ts';
import { type Check, type Finding, fail, pass, unknown, warn } from './finding.ts';
import { addressesOf, addressType, recordLine } from './records.ts';
import { type ReverseNames, reverseNames } from './reverse-names.ts';
import { type Asking, type AuditedAddress, type Subject, senders } from './subject.ts';

const FQDN: Check = { check: 'helo.fqdn', severity: 'high', rfc: 'RFC 5321 2.3.5, 4.1.1.1' };
const RESOLVES: Check = { check: 'helo.resolves', severity: 'high', rfc: 'RFC 5321 4.1.4' };
const AS_PTR: Check = { check: 'helo.ptr', severity: 'medium', rfc: 'RFC 5321 4.1.4' };

const UNSEEN = 'what a server says when it sends cannot be seen from outside';

/** What the server calls itself when it sends: given by the user, or read from a Received line of a message. */
export async function checkHelo(subject: Subject, asking: Asking): Promise<Finding[]> {
  const all = await Promise.all(senders(subject).map((address) => checkOne(address, heloOf(address, subject), asking)));
  return all.flat();
}

export function heloOf({ text }: AuditedAddress, { helo, message }: Subject): string | null {
  return helo ?? message?.received.find(({ address }) => address === text)?.helo ?? null;
}

async function checkOne(address: AuditedAddress, helo: string | null, asking: Asking): Promise<Finding[]> {
  if (helo === null) {
    const settle = `dnsblwatch audit ${address.text} --helo NAME, or --message FILE with a message that arrived somewhere`;
    return [FQDN, RESOLVES, AS_PTR].map((check) => unknown(check, address.text, UNSEEN, { settle }));
  }
  const fault = heloFault(helo);
  if (fault !== null) {
    const fix = {
      say: 'let the server greet with its own full name',
      before: helo,
      after: address.mx ?? 'mail.example.org',
      settings: { postfix: 'smtp_helo_name = mail.example.org', exim: 'helo_data = mail.example.org' },
    };
    return [
      fail(FQDN, address.text, `${helo} ${fault}`, { fix }),
      ...[RESOLVES, AS_PTR].map((check) => fail(check, address.text, `${helo} is no host name`, { fix })),
    ];
  }
  const [forward, reverse] = await Promise.all([
    addressesOf(asking.lookup, helo),
    reverseNames(asking.lookup, address),
  ]);
  const value = addressNumber(address.text)?.value;
  const leads = forward.addresses.some((other) => addressNumber(other)?.value === value);
  const fix = {
    say: `let ${helo} lead to the address`,
    before: forward.lines.join('\n') || null,
    after: recordLine(helo, addressType(address.kind), address.text),
  };
  const evidence = forward.lines;
  return [
    pass(FQDN, address.text, `${helo} is a full host name`),
    leads
      ? pass(RESOLVES, address.text, `${helo} leads to the address`, { evidence })
      : forward.failed !== null
        ? unknown(RESOLVES, address.text, forward.failed)
        : forward.addresses.length > 0
          ? fail(RESOLVES, address.text, `${helo} leads to ${forward.addresses.join(', ')}, not to the address`, {
              evidence,
              fix,
            })
          : fail(RESOLVES, address.text, `${helo} leads nowhere`, { fix }),
    judgePtr(address, helo, reverse),
  ];
}

function judgePtr(address: AuditedAddress, helo: string, reverse: ReverseNames): Finding {
  if (reverse.kind === 'failed') return unknown(AS_PTR, address.text, reverse.why);
  const names = reverse.kind === 'named' ? reverse.names : [];
  if (names.includes(helo.toLowerCase())) return pass(AS_PTR, address.text, 'HELO and reverse name are the same');
  const evidence = reverse.kind === 'named' ? reverse.lines : [];
  return warn(AS_PTR, address.text, `HELO is ${helo}, the reverse name ${names.join(', ') || 'is missing'}`, {
    evidence,
  });
}

/** What is wrong with a HELO name (RFC 5321 4.1.1.1); null: it is a full host name. */
export function heloFault(name: string): string | null {
  const fault = privateFault(name);
  if (fault !== null) return fault;
  return /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*$/i.test(name)
    ? null
    : 'is not valid as a host name';
}

/** Names that mean nothing outside of a network (RFC 6761, RFC 6762, RFC 8375, and what networks call themselves). */
const PRIVATE =
  /^localhost(\.localdomain)?$|\.(local|lan|localdomain|internal|intranet|private|home|corp|test|example|invalid|home\.arpa)$/i;

/** Why a name is no name of a host in the public DNS; null: it may be one. */
export function privateFault(name: string): string | null {
  if (/^\[.*\]$/.test(name)) return 'is an address literal; lists and receivers take it for a home computer';
  if (isIP(name) !== 0) return 'is a bare address';
  if (PRIVATE.test(name)) return 'is a name of a private network';
  if (!name.includes('.')) return 'is no full name: it has no domain';
  return null;
}
