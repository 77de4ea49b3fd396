// Joins the server of the folder given, says so, and leaves when its input ends: a command, as far as the server knows.
import postgres from 'postgres';
import { join } from '../../../src/db/embedded/server.ts';

const [folder = '', statement] = process.argv.slice(2);
try {
  const member = await join(folder);
  const sql = postgres({ ...member.options, onnotice: () => {} });
  if (statement !== undefined) await sql.unsafe(statement);
  console.log('in');
  for await (const _ of process.stdin);
  await sql.end();
  await member.leave();
  console.log('out');
} catch (error) {
  console.log((error as Error).message);
  process.exitCode = 3;
}
