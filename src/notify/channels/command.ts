import { spawn } from 'node:child_process';
import { plain } from '../../output/plain.ts';
import { DeliveryFailure, type Send } from './channel.ts';
import { bodyOf } from './webhook.ts';

const TIMEOUT = 60_000;

/**
 * Runs a program with the message as JSON on its standard input. Status 0 is success, anything else is tried again; no
 * shell takes part, so nothing in a message is ever run.
 */
export const sendCommand: Send<'command'> = ({ command }, outgoing, { signal }) => {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'ignore', 'pipe'],
      timeout: TIMEOUT,
      ...(signal === undefined ? {} : { signal }),
    });
    let said = '';
    child.stderr.on('data', (part: Buffer) => {
      if (said.length < 1000) said += part.toString('utf8');
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT' || error.code === 'EACCES';
      reject(new DeliveryFailure(`${program} cannot be run (${error.code ?? error.name})`, { permanent: missing }));
    });
    child.on('close', (status, killed) => {
      if (status === 0) return resolve(null);
      const how = status === null ? `ended by ${killed}` : `status ${status}`;
      const text = plain(said, 200);
      reject(new DeliveryFailure(`${program}: ${how}${text === '' ? '' : `: ${text}`}`, { permanent: false }));
    });
    // A program that reads nothing has still done its work.
    child.stdin.on('error', () => {});
    child.stdin.end(bodyOf(outgoing));
  });
};
