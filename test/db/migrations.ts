import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder of migrations as drizzle-kit writes it: one a text, made a day apart from 2026-01-01 on. */
export function migrationsOf(...texts: string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-migrations-'));
  mkdirSync(path.join(folder, 'meta'));
  const entries = texts.map((text, idx) => {
    const tag = `000${idx}_test`;
    writeFileSync(path.join(folder, `${tag}.sql`), text);
    return { idx, version: '7', when: Date.UTC(2026, 0, 1 + idx), tag, breakpoints: true };
  });
  writeFileSync(
    path.join(folder, 'meta/_journal.json'),
    JSON.stringify({ version: '7', dialect: 'postgresql', entries }),
  );
  return folder;
}
