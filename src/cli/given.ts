import { located, UserError } from '../errors.ts';
import { countOf, expand, parseTarget, rangeOf, type TargetRange } from '../target.ts';
import { type Targets, targetsIn } from '../targets/positions.ts';
import { joinNeighbours, mergeRanges } from '../targets/ranges.ts';
import type { World } from './world.ts';

/** Addresses that one command takes. */
const MOST = 1_048_576;

/** The targets given as arguments; `-` stands for standard input: words, one or more a line, `#` begins a comment. */
export async function givenTargets(
  words: readonly string[],
  world: World,
  allowSpecial: boolean,
): Promise<TargetRange[]> {
  const ranges: TargetRange[] = [];
  for (const word of words) {
    if (word !== '-') {
      ranges.push(parseTarget(word, { allowSpecial }));
      continue;
    }
    for (const [at, line] of (await world.input()).split(/\r?\n/).entries())
      for (const entry of line
        .replace(/#.*/, '')
        .split(/[\s,;]+/)
        .filter((part) => part !== ''))
        ranges.push(located(`standard input, line ${at + 1}`, () => parseTarget(entry, { allowSpecial })));
  }
  return ranges;
}

/** Every target once, in the order given. */
export function inGivenOrder(ranges: readonly TargetRange[]): Targets {
  const size = ranges.reduce((sum, range) => sum + countOf(range), 0n);
  if (size > MOST) throw new UserError(`${size} targets: expected at most ${MOST} at once`);
  const apart = mergeRanges(ranges).reduce((sum, range) => sum + countOf(range), 0n) === size;
  if (apart) return targetsIn(joinNeighbours(ranges));
  const texts = new Set<string>();
  for (const range of ranges) for (const target of expand(range)) texts.add(target.text);
  return targetsIn(joinNeighbours([...texts].map(rangeOf)));
}
