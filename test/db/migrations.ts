import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { migrationsFolder } from '../../src/db/migrate.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-migrations-'));
  folders.push(folder);
  return folder;
}

/** The program's own migrations as they were when the one of this version (ms since 1970) was the last. */
export function migrationsUpTo(version: number): string {
  const folder = newFolder();
  cpSync(migrationsFolder(), folder, { recursive: true });
  const file = path.join(folder, 'meta/_journal.json');
  const journal = JSON.parse(readFileSync(file, 'utf8')) as { entries: { when: number }[] };
  journal.entries = journal.entries.filter(({ when }) => when <= version);
  writeFileSync(file, JSON.stringify(journal));
  return folder;
}

/** A folder of migrations as drizzle-kit writes it: one a text, made a day apart from 2026-01-01 on. */
export function migrationsOf(...texts: string[]): string {
  const folder = newFolder();
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
