import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

const root = '/usr/lib/postgresql';

/** The newest PostgreSQL that Debian's packages put on this machine; null: none. */
export const debian: { bin: string; major: number } | null = existsSync(root)
  ? (readdirSync(root)
      .map((name) => ({ bin: path.join(root, name, 'bin'), major: Number(name) }))
      .filter(({ bin }) => existsSync(path.join(bin, 'initdb')))
      .sort((a, b) => b.major - a.major)[0] ?? null)
  : null;

/** What tests that need it do: run; fail, where CI lacks it; or are reported as not run, with the reason as their name. */
export const withDebian = {
  run: debian !== null || process.env.CI === 'true',
  named: (name: string): string => (debian === null ? `${name}: not run, no PostgreSQL in ${root}` : name),
};

/** The same, in a test: throws in CI when it is missing. */
export function debianPostgres(): { bin: string; major: number } {
  if (debian === null) throw new Error(`CI must have all parts: no PostgreSQL in ${root} (apt-get install postgresql)`);
  return debian;
}
