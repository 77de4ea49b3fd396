import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** When a process began, as an opaque text that no later process with the same id shares; null: no such process. */
export function startOf(pid: number): string | null {
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
}

function startFromProc(pid: number): string | null {
  try {
    // proc(5): the command may hold spaces and brackets, so count fields from behind it: state is the 3rd, start the 22nd.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function startFromPs(pid: number): string | null {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' || line.startsWith('Z') ? null : line.replace(/^\S+\s+/, '').replace(/\s+/g, '_');
  } catch {
    return null;
  }
}

/** Whether this live process is a postgres that serves this data folder (where that cannot be seen: is a postgres). */
export function isPostgresOf(pid: number, data: string): boolean {
  if (startOf(pid) === null) return false;
  if (process.platform !== 'linux') {
    const command = execFileSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' });
    return /postgres/.test(command);
  }
  try {
    if (!/^postgres/.test(readFileSync(`/proc/${pid}/comm`, 'utf8'))) return false;
    return readlinkSync(`/proc/${pid}/cwd`) === data; // a postmaster works in its data folder
  } catch {
    return startOf(pid) !== null; // hidden from us, but alive: believe the file that names it
  }
}

/** The live postgres processes that work in this data folder, whether or not their server still lives (Linux; else none). */
export function postgresIn(data: string): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && worksIn(pid, data));
}

function worksIn(pid: number, data: string): boolean {
  try {
    return /^postgres/.test(readFileSync(`/proc/${pid}/comm`, 'utf8')) && readlinkSync(`/proc/${pid}/cwd`) === data;
  } catch {
    return false;
  }
}
