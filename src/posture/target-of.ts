import { addressNumber } from '../address.ts';

/**
 * Which of the audited targets a finding is about: the address in `192.0.2.7:25`, the domain in `192.0.2.7 as
 * example.org`, whose record it is, and that which `mail._domainkey.example.org` lies in; what is none of theirs (a mail
 * host elsewhere) is the first one's.
 */
export function targetOf(subject: string, targets: readonly string[]): string {
  const words = subject.toLowerCase().split(' ');
  const [head = ''] = words;
  const named = [head, head.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')];
  const last = words.at(-1) ?? '';
  const own = targets.find((target) => target === last) ?? targets.find((target) => named.includes(target));
  if (own !== undefined) return own;
  const domains = targets.filter((target) => addressNumber(target) === null);
  const holding = domains
    .filter((domain) => last === domain || last.endsWith(`.${domain}`) || last.endsWith(`@${domain}`))
    .toSorted((one, other) => other.length - one.length);
  return holding[0] ?? domains[0] ?? targets[0] ?? subject;
}
