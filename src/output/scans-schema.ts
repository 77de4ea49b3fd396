import * as v from 'valibot';
import type { ScanRecord } from '../listing/overview.ts';
import { count, moment, text, time } from './schema-fields.ts';

const scan = v.object({
  id: count,
  kind: v.picklist(['scheduled', 'manual', 'adaptive', 'drill']),
  schedule: v.pipe(text, v.description('its name; null: by hand')),
  state: v.picklist(['running', 'finished', 'abandoned']),
  startedAt: time,
  endedAt: moment,
  targets: count,
  lists: count,
  share: v.pipe(v.number(), v.minValue(0), v.maxValue(1), v.description('of what it is to ask')),
  listed: v.pipe(count, v.description('lookups, as clean and unknown')),
  clean: count,
  unknown: count,
  changes: count,
}) satisfies v.GenericSchema<unknown, ScanRecord>;

/** What `scans list --format json` prints, the newest first. Fields may be added. */
export const scansSchema = v.array(scan);
