import { type ConfigTarget, readConfigTargets } from '../config/targets.ts';
import type { Database } from '../db/open.ts';
import type { ChangeRecord } from '../listing/changes.ts';
import { planEdit } from '../listing/segments.ts';
import { followConfiguration, type Tracked } from '../listing/tracked.ts';
import { countOf, formatRange, type TargetRange } from '../target.ts';
import { overlaps } from '../targets/ranges.ts';
import type { Settings } from './options.ts';
import type { World } from './world.ts';

/** The targets that the configuration names; null where it says nothing of any. */
export function configTargets({ config }: Settings): ConfigTarget[] | null {
  if (config.targets === null || config.file === null) return null;
  return readConfigTargets(config.targets, config.file);
}

/** Tracks what the configuration names now, and gives the changes of what it ended. */
export async function followConfig(db: Database, settings: Settings, world: World): Promise<ChangeRecord[]> {
  const given = configTargets(settings);
  if (given === null) return [];
  const { added, removed, closed } = await followConfiguration(db, given, world.now());
  const parts = [...(added > 0n ? [`${added} added`] : []), ...(removed > 0n ? [`${removed} removed`] : [])];
  if (parts.length > 0 && !settings.quiet)
    world.err(`Targets as ${settings.config.file} has them: ${parts.join(', ')}.\n`);
  return closed;
}

/** What will be tracked once the configuration is followed. */
export function trackedWith(
  tracked: readonly Tracked[],
  given: readonly ConfigTarget[] | null,
): Omit<Tracked, 'id' | 'trackedFrom'>[] {
  if (given === null) return [...tracked];
  const { close, open } = planEdit(tracked, given, 'follow');
  const closed = new Set(close);
  return [...tracked.filter(({ id }) => !closed.has(id)), ...open];
}

/** What the next scan will follow: `2 more, and 1 no longer`; null: nothing. */
export function yetToFollow(tracked: readonly Tracked[], given: readonly ConfigTarget[]): string | null {
  const { fresh, gone } = planEdit(tracked, given, 'follow');
  const sum = (ranges: readonly TargetRange[]): bigint => ranges.reduce((total, range) => total + countOf(range), 0n);
  const parts = [
    ...(fresh.length > 0 ? [`${sum(fresh)} more`] : []),
    ...(gone.length > 0 ? [`${sum(gone)} no longer`] : []),
  ];
  return parts.length === 0 ? null : parts.join(', and ');
}

/** The first of these that the configuration names: a command that removes it would be undone by the next scan. */
export function namedInConfig(ranges: readonly TargetRange[], given: readonly ConfigTarget[]): string | null {
  const named = ranges.find((range) => given.some((one) => overlaps(one.range, range)));
  return named === undefined ? null : formatRange(named);
}
