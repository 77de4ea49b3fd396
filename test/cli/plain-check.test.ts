import { describe, expect, test } from 'vitest';
import { readCheck } from '../../src/cli/plain-check.ts';
import { command } from './world.ts';

describe('what is read without commander', () => {
  test('is read as commander reads it', () => {
    const words =
      'check 192.0.2.7 --catalogue a.json --lists x,y --catalogue=b.json - --timeout 5 --no-color --quiet --allow-special';
    expect(readCheck(words.split(' '))).toEqual({
      targets: ['192.0.2.7', '-'],
      options: {
        catalogue: ['a.json', 'b.json'],
        lists: 'x,y',
        timeout: '5',
        quiet: true,
        allowSpecial: true,
        color: false,
      },
    });
    expect(readCheck(['check', '192.0.2.7'])).toEqual({
      targets: ['192.0.2.7'],
      options: { allowSpecial: false, color: true },
    });
  });

  test.each([
    ['no command', []],
    ['the version', ['--version']],
    ['another command', ['scan', '192.0.2.7']],
    ['help', ['check', '--help']],
    ['help for a target', ['check', '192.0.2.7', '-h']],
    ['no target', ['check', '--quiet']],
    ['an unknown option', ['check', '192.0.2.7', '--list', 'x']],
    ['an option without its value', ['check', '192.0.2.7', '--lists']],
    ['a value for a switch', ['check', '192.0.2.7', '--quiet=yes']],
  ])('%s is left to commander', (_what, words) => {
    expect(readCheck(words)).toBeNull();
  });

  test('every option of check that the help shows is known here', async () => {
    const { out } = await command(['check', '--help']);
    const flags = [...out.matchAll(/^ +(--[a-z-]+)( <)?/gm)];
    expect(flags.length).toBeGreaterThan(7);
    for (const [, flag = '', value] of flags)
      expect([flag, readCheck(['check', '192.0.2.7', flag, ...(value ? ['x'] : [])])]).not.toEqual([flag, null]);
  });
});
