import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/open.ts';
import { testDatabase } from '../database.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-open-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('an address', () => {
  test('opens, with dates as Date in sql and a schema that is there', async () => {
    const db = await openDatabase(await testDatabase({ empty: true }), { migrations: null });
    const [row] = await db.sql`select now() as now, '{"a":1}'::jsonb as json`;
    expect(row?.now).toBeInstanceOf(Date);
    expect(row?.json).toEqual({ a: 1 });
    await db.close();
    await db.close();
  });
});
void [mkdirSync, writeFileSync];
