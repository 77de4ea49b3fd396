import { isIP } from 'node:net';
import type { Lookup } from '../dns/lookup.ts';
import { type Check, type Finding, fail, notApplicable, pass, unknown, warn } from './finding.ts';
import { addressesOf, find, type MailHost, mxOf, recordLine } from './records.ts';
import { isSpecial, specialName } from './special.ts';
import type { Asking, Subject } from './subject.ts';

const EXISTS: Check = { check: 'mx.exists', severity: 'high', rfc: 'RFC 5321 5.1, RFC 7505 3' };
const IP6: Check = { check: 'mx.ip6', severity: 'info', rfc: 'RFC 5321 5.1' };

/** More hosts than anybody runs; the rest is not looked at. */
const MOST_HOSTS = 20;

/** Where a domain's mail goes: `implicit`: to the domain's own address, for it has no MX. */
export type MailRoute =
  | { kind: 'mx'; hosts: MailHost[]; lines: string[] }
  | { kind: 'null-mx'; lines: string[] }
  | { kind: 'implicit'; lines: string[] }
  | { kind: 'none'; exists: boolean }
  | { kind: 'failed'; why: string };

export async function mailRoute(lookup: Lookup, domain: string): Promise<MailRoute> {
  const seen = await find(lookup, domain, 'MX');
  if (seen.kind === 'failed') return seen;
  if (seen.kind === 'absent') {
    const { addresses, lines, failed } = await addressesOf(lookup, domain);
    if (addresses.length > 0) return { kind: 'implicit', lines };
    return failed === null ? { kind: 'none', exists: seen.exists } : { kind: 'failed', why: failed };
  }
  const hosts = seen.data.map(mxOf);
  if (hosts.length === 1 && hosts[0]?.name === '') return { kind: 'null-mx', lines: seen.lines };
  return { kind: 'mx', hosts: hosts.sort((a, b) => a.preference - b.preference), lines: seen.lines };
}

/** The names of the hosts that take a domain's mail, the first choice first; none where that is not known. */
export async function mailHosts(lookup: Lookup, domain: string): Promise<string[]> {
  const route = await mailRoute(lookup, domain);
  if (route.kind === 'implicit') return [domain];
  if (route.kind !== 'mx') return [];
  return [...new Set(route.hosts.map(({ name }) => name))].filter((name) => name !== '').slice(0, MOST_HOSTS);
}

export async function checkMx({ domains, addresses }: Subject, asking: Asking): Promise<Finding[]> {
  const sends = addresses.some(({ mx }) => mx === null);
  const all = await Promise.all(domains.map((domain) => checkDomain(domain, sends, asking)));
  return all.flat();
}

async function checkDomain(domain: string, sends: boolean, asking: Asking): Promise<Finding[]> {
  const route = await mailRoute(asking.lookup, domain);
  switch (route.kind) {
    case 'failed':
      return [unknown(EXISTS, domain, route.why)];
    case 'none':
      return [
        fail(
          EXISTS,
          domain,
          route.exists ? 'no MX record and no address: it takes no mail' : 'the domain does not exist',
          {
            fix: { say: 'publish the host that takes the mail', after: recordLine(domain, 'MX', `10 mail.${domain}`) },
          },
        ),
      ];
    case 'implicit':
      return [
        warn(EXISTS, domain, 'no MX record: mail goes to the address of the domain itself', {
          evidence: route.lines,
          severity: 'medium',
          fix: { say: 'name the host that takes the mail', after: recordLine(domain, 'MX', `10 mail.${domain}`) },
        }),
      ];
    case 'null-mx': {
      const why = 'says by a null MX that it takes no mail';
      if (!sends) return [notApplicable(EXISTS, domain, why, { evidence: route.lines })];
      return [
        warn(EXISTS, domain, `${why}; receivers may refuse what is sent in its name (RFC 7505 4.2)`, {
          evidence: route.lines,
          severity: 'medium',
        }),
      ];
    }
    case 'mx':
      return checkHosts(domain, route.hosts, route.lines, asking);
  }
}

async function checkHosts(domain: string, hosts: MailHost[], lines: string[], asking: Asking): Promise<Finding[]> {
  if (hosts.some(({ name }) => name === ''))
    return [
      fail(EXISTS, domain, 'a null MX ("0 .") stands beside other MX records; it must stand alone', {
        evidence: lines,
        rfc: 'RFC 7505 3',
        fix: {
          say: 'take the null MX away',
          before: lines.join('\n'),
          after: lines.filter((line) => !line.endsWith(' .')).join('\n'),
        },
      }),
    ];
  const looks = await Promise.all(
    hosts.slice(0, MOST_HOSTS).map(async ({ name }) => ({ name, ...(await lookAtHost(name, asking)) })),
  );
  const evidence = [...lines, ...looks.flatMap(({ lines: more }) => more)];
  const wrong = looks.filter(({ fault }) => fault !== null);
  const blind = looks.filter(({ failed }) => failed !== null);
  const findings: Finding[] = [];
  for (const { name, fault } of wrong)
    findings.push(
      fail(EXISTS, domain, `MX ${name} ${fault}`, {
        evidence,
        severity: looks.some((one) => one.fault === null && one.addresses.length > 0) ? 'medium' : 'high',
        fix: { say: `give ${name} an address of its own, or name another host`, before: lines.join('\n') },
      }),
    );
  for (const { failed } of blind) findings.push(unknown(EXISTS, domain, failed ?? '', { evidence }));
  if (findings.length === 0)
    findings.push(pass(EXISTS, domain, `${hosts.length} MX, each with an address`, { evidence }));
  const six = looks.filter(({ addresses }) => addresses.some((address) => address.includes(':')));
  const reached = six.map(({ name }) => name).join(', ');
  findings.push(
    six.length > 0
      ? pass(IP6, domain, `reachable over IPv6: ${reached}`)
      : blind.length > 0
        ? unknown(IP6, domain, blind[0]?.failed ?? '')
        : warn(IP6, domain, 'no MX host has an IPv6 address: who sends over IPv6 only cannot reach it'),
  );
  return findings;
}

type HostLook = { addresses: string[]; lines: string[]; fault: string | null; failed: string | null };

async function lookAtHost(name: string, { lookup, allowSpecial }: Asking): Promise<HostLook> {
  const none = { addresses: [], lines: [], failed: null };
  if (isIP(name) !== 0) return { ...none, fault: 'is an address; an MX names a host' };
  const { addresses, alias, lines, failed } = await addressesOf(lookup, name);
  const special = allowSpecial ? undefined : addresses.find(isSpecial);
  const found = { addresses, lines, failed: addresses.length === 0 ? failed : null };
  if (alias !== null)
    return { ...found, fault: `is an alias (CNAME) of ${alias}, which RFC 5321 5.1 and RFC 2181 10.3 forbid` };
  if (special !== undefined)
    return { ...found, fault: `leads to ${special} (${specialName(special)}), which nobody outside can reach` };
  if (addresses.length === 0 && failed === null) return { ...found, fault: 'has no address' };
  return { ...found, fault: null };
}
