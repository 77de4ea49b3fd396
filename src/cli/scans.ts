import { withoutPassword } from '../db/failure.ts';
import { UserError } from '../errors.ts';
import { latestScans, type ScanRecord } from '../listing/overview.ts';
import { columns } from '../output/columns.ts';
import { minute } from '../text/minute.ts';
import { withDatabase } from './database.ts';
import { type CommonOptions, formatOf, settingsOf } from './options.ts';
import type { World } from './world.ts';

export type ScansOptions = CommonOptions & { limit?: string };

/** The latest scans, those under way with how far they are. */
export async function listScans(options: ScansOptions, world: World): Promise<void> {
  const format = formatOf(options.format, ['table', 'json', 'ndjson']);
  const most = limitOf(options.limit);
  const settings = await settingsOf(options, world);
  const scans = await withDatabase(settings.database, (db) => latestScans(db, most));
  if (format === 'json') return world.out(`${JSON.stringify(scans, null, 2)}\n`);
  if (format === 'ndjson') return world.out(scans.map((one) => `${JSON.stringify(one)}\n`).join(''));
  if (scans.length === 0) return world.err(`No scans in ${withoutPassword(settings.database)}.\n`);
  const header = ['SCAN', 'BY', 'STARTED', 'TOOK', 'TARGETS', 'LISTS', 'LISTED', 'UNKNOWN', 'CHANGES'];
  world.out(columns([header, ...scans.map((one) => cells(one, world.now()))]));
}

function cells(one: ScanRecord, now: Date): string[] {
  const number = (value: number): string => value.toLocaleString('en');
  return [
    String(one.id),
    nameOf(one),
    minute(new Date(one.startedAt)),
    took(one, now),
    number(one.targets),
    String(one.lists),
    number(one.listed),
    number(one.unknown),
    number(one.changes),
  ];
}

/** `scan`; `scan (adaptive)` for what a schedule asks in between; `manual`. */
const nameOf = ({ schedule, kind }: ScanRecord): string =>
  schedule !== null && kind === 'adaptive' ? `${schedule} (adaptive)` : (schedule ?? kind);

/** `12 s`; `running, 40 %`; `stopped at 40 %`. */
function took({ state, startedAt, endedAt, share }: ScanRecord, now: Date): string {
  const percent = `${Math.floor(share * 100)} %`;
  if (state === 'abandoned') return `stopped at ${percent}`;
  const seconds = Math.round(((endedAt === null ? now.getTime() : Date.parse(endedAt)) - Date.parse(startedAt)) / 1000);
  const text =
    seconds < 120
      ? `${seconds} s`
      : seconds < 7200
        ? `${Math.round(seconds / 60)} min`
        : `${Math.round(seconds / 3600)} h`;
  return state === 'running' ? `${percent} in ${text}` : text;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return 20;
  const most = Number(text);
  if (!/^\d+$/.test(text) || most < 1 || most > 10_000)
    throw new UserError(`--limit "${text}": expected a number from 1 to 10000`);
  return most;
}
