import { check } from './check.ts';
import { endOf } from './end.ts';
import { readCheck } from './plain-check.ts';
import { processWorld } from './world.ts';

const args = process.argv.slice(2);
const world = processWorld();
const plain = readCheck(args);
const ended =
  plain === null
    ? import('./program.ts').then(({ run }) => run(args, world))
    : endOf(check(plain.targets, plain.options, world), world);
void ended.then((status) => {
  process.exitCode = status;
});
