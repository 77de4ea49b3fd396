import path from 'node:path';
import { UserError } from '../errors.ts';
import { parseTarget, type TargetRange } from '../target.ts';
import { checkNotes, readTargetFile } from '../targets/read-file.ts';
import type { ConfigFile } from './schema.ts';

/** A target that the configuration names; every note is said, for the configuration is the whole truth about it. */
export type ConfigTarget = { range: TargetRange; label: string | null; tags: string[]; owner: string | null };

/** One entry of `targets` as the file has it. */
export type TargetsEntry = NonNullable<ConfigFile['targets']>[number];

/**
 * Reads `targets` of a configuration and the files that it names, which are relative to it.
 * Throws UserError with every mistake on a line of its own.
 */
export function readConfigTargets(entries: readonly TargetsEntry[], config: string): ConfigTarget[] {
  const mistakes: string[] = [];
  const read = entries.flatMap((entry, at): ConfigTarget[] => {
    try {
      return targetsOf(typeof entry === 'string' ? { target: entry } : entry, config);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      mistakes.push(...error.message.split('\n').map((line) => `configuration ${config}: targets[${at}]: ${line}`));
      return [];
    }
  });
  if (mistakes.length > 0) throw new UserError(mistakes.join('\n'));
  return read;
}

function targetsOf(entry: Exclude<TargetsEntry, string>, config: string): ConfigTarget[] {
  const options = { allowSpecial: entry.allowSpecial === true };
  if ('file' in entry) {
    const file = path.resolve(path.dirname(path.resolve(config)), entry.file);
    return readTargetFile(file, options).map(({ range, label, tags, owner }) => ({ range, label, tags, owner }));
  }
  const { target, label = null, tags = [], owner = null } = entry;
  checkNotes({ label, tags, owner });
  return [{ range: parseTarget(target, options), label, tags, owner }];
}
