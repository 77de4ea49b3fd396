import { registeredDomain } from '../domain.ts';
import { type Check, type Finding, fail, notApplicable, pass, unknown, warn } from './finding.ts';
import { lookAtName } from './generic-name.ts';
import { heloFault, privateFault } from './helo.ts';
import { addressType, recordLine } from './records.ts';
import { MOST_NAMES, type ReverseNames, reverseNames, reverseZoneName } from './reverse-names.ts';
import type { Asking, AuditedAddress, Subject } from './subject.ts';

const EXISTS: Check = { check: 'ptr.exists', severity: 'critical', rfc: 'RFC 1912 2.1' };
const FCRDNS: Check = { check: 'ptr.fcrdns', severity: 'critical', rfc: 'RFC 8601 2.7.3' };
const NOT_GENERIC: Check = { check: 'ptr.not_generic', severity: 'high', rfc: null };
const OWN_DOMAIN: Check = { check: 'ptr.own_domain', severity: 'medium', rfc: null };

export async function checkPtr(subject: Subject, { lookup }: Asking): Promise<Finding[]> {
  const all = await Promise.all(
    subject.addresses.map(async (address) => judge(address, await reverseNames(lookup, address), subject)),
  );
  return all.flat();
}

function judge(address: AuditedAddress, found: ReverseNames, subject: Subject): Finding[] {
  const { text } = address;
  if (found.kind === 'failed')
    return [EXISTS, FCRDNS, NOT_GENERIC, OWN_DOMAIN].map((check) => unknown(check, text, found.why));
  if (found.kind === 'none') {
    const without = (check: Check): Finding =>
      fail(check, text, 'there is no reverse name', { fix: newName(address, wantedName(address, subject)) });
    return [without(EXISTS), without(FCRDNS), without(NOT_GENERIC), without(OWN_DOMAIN)];
  }
  return [
    pass(EXISTS, text, `its reverse name is ${said(found.names)}`, { evidence: found.lines }),
    judgeForward(address, found, subject),
    judgeGeneric(address, found),
    judgeOwner(address, found, subject),
  ];
}

const wantedName = ({ mx }: AuditedAddress, { helo, domains }: Subject): string =>
  helo ?? mx ?? `mail.${domains[0] ?? 'example.org'}`;

type Named = Extract<ReverseNames, { kind: 'named' }>;

function newName(address: AuditedAddress, name: string) {
  return {
    say: 'the owner of the address block (your provider) sets the reverse name; the name must lead back to the address',
    after: [
      recordLine(reverseZoneName(address), 'PTR', name),
      recordLine(name, addressType(address.kind), address.text),
    ].join('\n'),
  };
}

const said = (names: readonly string[]): string =>
  names.length > MOST_NAMES
    ? `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`
    : names.join(', ');

function judgeForward(address: AuditedAddress, { names, confirmed, failed, lines }: Named, subject: Subject): Finding {
  const [first = ''] = names;
  if (confirmed.length > 0)
    return pass(FCRDNS, address.text, `${said(confirmed)} leads back to the address`, { evidence: lines });
  if (failed !== null && names.some(isAskable)) return unknown(FCRDNS, address.text, failed, { evidence: lines });
  if (names.length > MOST_NAMES)
    return warn(
      FCRDNS,
      address.text,
      `of ${names.length} reverse names the first ${MOST_NAMES} do not lead back; receivers follow no more`,
      {
        evidence: lines,
      },
    );
  const why = `${said(names)} does not lead back to the address`;
  if (heloFault(first) !== null)
    return fail(FCRDNS, address.text, why, {
      evidence: lines,
      fix: { ...newName(address, wantedName(address, subject)), before: lines[0] ?? null },
    });
  return fail(FCRDNS, address.text, why, {
    evidence: lines,
    fix: {
      say: 'let the name lead to the address, or have the reverse name changed',
      before: lines.join('\n'),
      after: recordLine(first, addressType(address.kind), address.text),
    },
  });
}

/** Names with blanks, controls or letters beyond ASCII are no hosts', and cannot be asked for. */
const isAskable = (name: string): boolean => /^[!-~]+$/.test(name);

/** Receivers look at the names that lead back; where none does, at all. */
function judgeGeneric(address: AuditedAddress, { names, confirmed, lines }: Named): Finding {
  const looks = (confirmed.length > 0 ? confirmed : names).slice(0, MOST_NAMES).map((name) => {
    const fault = privateFault(name);
    return { name, ...(fault === null ? lookAtName(name, address.text) : { generic: true, why: `it ${fault}` }) };
  });
  const generic = looks.find((look) => look.generic);
  if (generic === undefined) {
    const note = looks.find(({ why }) => why !== null)?.why ?? null;
    return pass(NOT_GENERIC, address.text, `looks like a mail server's name${note === null ? '' : `; ${note}`}`);
  }
  const why = `${generic.name} does not look like the name of one mail server: ${generic.why}`;
  if (looks.some((look) => !look.generic))
    return warn(NOT_GENERIC, address.text, `${why}; another name of the address does not`, { evidence: lines });
  return fail(NOT_GENERIC, address.text, why, {
    evidence: lines,
    fix: {
      ...newName(address, 'mail.example.org'),
      say: 'have your provider set a name of your own, such as mail.YOUR-DOMAIN',
      before: lines[0] ?? null,
    },
  });
}

function judgeOwner(address: AuditedAddress, { names, confirmed, lines }: Named, subject: Subject): Finding {
  const own = [...subject.domains, ...subject.ownDomains].map(registeredDomain);
  if (own.length === 0)
    return unknown(OWN_DOMAIN, address.text, 'which domains are yours was not said', {
      evidence: lines,
      settle: `dnsblwatch audit ${address.text} YOUR-DOMAIN`,
    });
  if (address.mx !== null && !own.includes(registeredDomain(address.mx)))
    return notApplicable(OWN_DOMAIN, address.text, `the host ${address.mx} is another operator's`);
  const considered = confirmed.length > 0 ? confirmed : names;
  const fitting = considered.find((name) => own.includes(registeredDomain(name)));
  if (fitting !== undefined) return pass(OWN_DOMAIN, address.text, `${fitting} lies in a domain of your own`);
  const wanted = `mail.${subject.domains[0] ?? own[0]}`;
  return fail(
    OWN_DOMAIN,
    address.text,
    `${considered.slice(0, 3).join(', ')} lies in no domain of yours (${own.join(', ')}; more with --own-domain)`,
    {
      evidence: lines,
      fix: { ...newName(address, wanted), before: lines[0] ?? null },
    },
  );
}
