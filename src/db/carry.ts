import { PassThrough } from 'node:stream';
import postgres from 'postgres';
import type { Membership } from './embedded/server.ts';
import { exportDatabase } from './export.ts';
import { importDatabase } from './import.ts';
import { openDatabase } from './open.ts';

/** Copies everything from a server into a new database folder, and brings it up to date there. Returns the number of rows. */
export async function copyDatabase(from: Membership['options'], to: string): Promise<number> {
  const source = postgres({ ...from, max: 2, onnotice: () => {}, connection: { application_name: 'dnsblwatch' } });
  try {
    const target = await openDatabase(to);
    try {
      const pipe = new PassThrough();
      const writing = exportDatabase({ sql: source }, pipe).then(() => pipe.end());
      const reading = importDatabase(target, pipe);
      for (const half of [writing, reading]) half.catch((error: Error) => pipe.destroy(error));
      const [, rows] = await Promise.all([writing, reading]);
      return rows;
    } finally {
      await target.close();
    }
  } finally {
    await source.end({ timeout: 5 });
  }
}
