import { folded } from '../output/fold.ts';
import type { World } from './world.ts';

/** Prints what is for people: on a terminal, lines are broken between words. Data goes out by `world.out` as it is. */
export function say(world: Pick<World, 'out' | 'width'>, text: string): void {
  world.out(world.width === undefined ? text : folded(text, world.width));
}
