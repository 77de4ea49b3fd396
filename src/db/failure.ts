import { readFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../errors.ts';

/** What PostgreSQL's SQLSTATE (five characters) or the system's error code means to the user, and what to do. */
const meanings: Record<string, string> = {
  ECONNREFUSED: 'nothing answers there. Is the server running, and is the port right?',
  ENOENT: 'nothing answers there. Is the server running, and is the socket folder right?',
  ECONNRESET: 'the server closed the connection. Run the command again; if it happens again, see its log',
  EPIPE: 'the server closed the connection. Run the command again; if it happens again, see its log',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the host name could not be looked up',
  ETIMEDOUT: 'the host does not answer',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  CONNECT_TIMEOUT: 'the host does not answer',
  CONNECTION_CLOSED: 'the server closed the connection. Run the command again; if it happens again, see its log',
  CONNECTION_DESTROYED: 'the connection is closed',
  CONNECTION_ENDED: 'the connection is closed',
  '28P01': 'the user name or the password is wrong',
  '28000': 'the server does not let this user in (see its pg_hba.conf)',
  '3D000': 'there is no database of that name: create it',
  '42501': 'this user may not do that: it must own the database, or be granted CREATE on it and its schema public',
  '53100':
    'the disk is full: make room, then run the command again. What was recorded is kept, and nothing half-written',
  '58030': 'the server could not read or write its files (a full or broken disk): see its log',
  '53200': 'the server is out of memory',
  '53300': 'the server has no connection free: raise max_connections or run fewer commands at once',
  '25006': 'it is read-only (a standby, or default_transaction_read_only): give the address of the primary',
  '57P01': 'the server was stopped. Run the command again',
  '57P02': 'the server crashed and recovers. Run the command again',
  '57P03': 'the server is starting or stopping. Run the command again in a moment',
  '42P01': 'its tables are missing or not ours: run `db migrate`',
};

/** The server ended, as seen by a client. */
const gone = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ECONNRESET',
  'EPIPE',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  '57P01',
  '57P02',
  '57P03',
]);

/**
 * A database that is down, full, read-only or closed to us, as a message with a remedy; null: something else, a fault of
 * ours. `where` is as given by the user and is shown without its password.
 */
export function databaseFailure(error: unknown, where: string): UserError | null {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof UserError) return cause;
    const code = (cause as { code?: unknown }).code;
    if (typeof code !== 'string') continue;
    const meaning = meanings[gone.has(code) && diskFilledUp(where) ? '53100' : code];
    if (meaning !== undefined) return new UserError(`Database ${withoutPassword(where)}: ${meaning}`);
  }
  return null;
}

/**
 * Whether the private server in the folder `where` said of late that its disk is full: one that cannot write its log of
 * changes any more ends, and its last word does not reach those who were connected.
 */
function diskFilledUp(where: string): boolean {
  try {
    return readFileSync(path.join(where, 'server.log'), 'latin1').slice(-4000).includes('No space left on device');
  } catch {
    return false; // an address, or nothing was said
  }
}

/** Whether it failed because the server ended, or the way to it. */
export function isGone(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    if (gone.has(String((cause as { code?: unknown }).code))) return true;
  return false;
}

/** The address as it may be shown. */
export function withoutPassword(where: string): string {
  return where
    .replace(/^(\w+:\/\/[^:@/?#]*):[^/?#]*@/, '$1@')
    .replace(/([?&](?:password|pass|sslpassword|sslkey)=)[^&#]*/gi, '$1…');
}
