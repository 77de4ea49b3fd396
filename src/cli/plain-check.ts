import { parseArgs } from 'node:util';
import type { CheckOptions } from './check.ts';
import { ALLOW_SPECIAL, COMMON } from './common.ts';

/**
 * The words of a `check` without a mistake and without a call for help; null for all else, which is commander's to read
 * and to answer. Commander takes 15 ms to load and to set up, a sixth of such a check.
 */
export function readCheck(args: readonly string[]): { targets: string[]; options: CheckOptions } | null {
  const [command, ...rest] = args;
  if (command !== 'check') return null;
  try {
    const { values, positionals } = parseArgs({ args: rest, options: OPTIONS, allowPositionals: true });
    if (positionals.length === 0) return null;
    const { 'allow-special': allowSpecial = false, 'no-color': noColor = false, ...others } = values;
    return { targets: positionals, options: { ...others, allowSpecial, color: !noColor } as CheckOptions };
  } catch {
    return null;
  }
}

type Kind = { type: 'string' | 'boolean'; multiple?: boolean };

const OPTIONS = Object.fromEntries(
  [...COMMON, ALLOW_SPECIAL].map(({ flags, ...more }): [string, Kind] => {
    const [name = '', value] = flags.slice('--'.length).split(' ');
    return [name, { type: value === undefined ? 'boolean' : 'string', multiple: 'many' in more }];
  }),
);
