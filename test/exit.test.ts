import { expect, test } from 'vitest';
import { exitStatus } from '../src/exit.ts';

test.each([
  ['listed at high', 'high', 0, 2],
  ['listed at medium', 'medium', 0, 2],
  ['listed at low', 'low', 0, 1],
  ['listed, and most is unknown', 'low', 0.9, 1],
  ['nothing listed, all known', 'none', 0, 0],
  ['a tenth unknown is still allowed', 'none', 0.1, 0],
  ['more than a tenth unknown', 'none', 0.11, 3],
  ['no list was asked', 'none', null, 3],
] as const)('%s', (_case, worst, unknownShare, status) => {
  expect(exitStatus(worst, unknownShare)).toBe(status);
});
