/** By command: what its help ends with. */
const EXAMPLES: Record<string, string[]> = {
  check: [
    'dnsblwatch check 192.0.2.25 mail.example.org',
    'dnsblwatch check 198.51.100.0/24 --lists spamhaus-zen,psbl',
    'dnsblwatch check - --format json < addresses.txt',
    'dnsblwatch check 192.0.2.25 --format nagios',
  ],
  targets: [
    'dnsblwatch targets add 192.0.2.25 198.51.100.0/28 example.org --label mail --tag customer-a',
    'dnsblwatch targets import targets.csv --replace',
    'dnsblwatch targets discover example.org --add',
  ],
  scan: [
    'dnsblwatch scan --quiet          # for cron: says nothing while nothing changes',
    'dnsblwatch scan 192.0.2.25',
  ],
  history: [
    'dnsblwatch history --open',
    'dnsblwatch history 192.0.2.25 --changes --evidence',
    'dnsblwatch history 192.0.2.0/24 --since 7d --format csv',
    'dnsblwatch history 192.0.2.25 --at 2026-11-20T12:00Z',
    'dnsblwatch history example.org --findings --changes',
  ],
  delist: [
    'dnsblwatch delist 192.0.2.25',
    'dnsblwatch delist requested 192.0.2.25 psbl --note "form sent, ticket 7"',
    'dnsblwatch delist withdrawn 192.0.2.25 psbl',
  ],
  lists: ['dnsblwatch lists', 'dnsblwatch lists spamhaus-zen', 'dnsblwatch lists test psbl'],
  doctor: ['dnsblwatch doctor', 'dnsblwatch doctor --resolver 192.0.2.53 --lists all'],
  db: [
    'dnsblwatch db export backup.json',
    'dnsblwatch db import backup.json --database postgres://db.example.org/dnsblwatch',
  ],
  config: ['dnsblwatch config init', 'dnsblwatch config check', 'dnsblwatch config schema catalogue'],
};

export function examplesOf(command: string): string {
  const lines = EXAMPLES[command];
  return lines === undefined ? '' : `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
