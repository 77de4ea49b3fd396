import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';
import { command, temporaryHome } from './world.ts';

const { home, remove } = temporaryHome();
afterAll(remove);

/** Runs `config check` on files as they lie; a mistake is told with status 3 and without a stack. */
async function read(files: { config?: string; catalogue?: string }): Promise<void> {
  const words = ['config', 'check'];
  for (const [what, text] of Object.entries(files)) {
    const file = path.join(home, what);
    writeFileSync(file, text);
    words.push(`--${what}`, file);
  }
  const { status, err } = await command(words, { env: { HOME: home } });
  for (const what of Object.keys(files)) rmSync(path.join(home, what));
  expect(err).not.toMatch(/\n\s+at |^\w*Error/m);
  // What valibot says where a schema has no words of ours.
  expect(err).not.toMatch(/Invalid \w+: /);
  expect([0, 3]).toContain(status);
  if (status === 3) expect(err).toMatch(/^dnsblwatch: /);
}

/** Text as somebody might have meant it, or a cat on the keyboard. */
const scalar = fc.oneof(
  fc.constantFrom(
    '5m',
    '0s',
    'default',
    'none',
    'auto',
    '127.0.0.1:53',
    '192.0.2.1',
    'email',
    'https://x.test/',
    '* * * * *',
  ),
  fc.jsonValue({ maxDepth: 1 }),
);
const inner = [
  ...[
    'listed',
    'delisted',
    'spacing',
    'perSecond',
    'perDay',
    'target',
    'tags',
    'file',
    'type',
    'url',
    'to',
    'at',
    'every',
  ],
  ...[
    'id',
    'zone',
    'accepts',
    'codes',
    'control',
    'servers',
    'limits',
    'status',
    'delisting',
    'access',
    'impact',
    '__proto__',
  ],
];
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('value'), { maxLength: 3 }), tie('object')),
  object: fc.dictionary(fc.oneof(fc.constantFrom(...inner), fc.string({ maxLength: 8 })), tie('value'), { maxKeys: 4 }),
}));
const config = fc.dictionary(fc.constantFrom(...Object.keys(configSchema.entries), 'unknown'), value, { maxKeys: 4 });
const catalogue = fc.record({ lists: fc.array(fc.dictionary(fc.constantFrom(...inner), value), { maxLength: 2 }) });
const runs = { numRuns: 250 };

test('configurations of any structure are read or refused with a message', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(config, (data) => read({ config: JSON.stringify(data) })),
    runs,
  );
});

test('and so are catalogue files', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(catalogue, (data) => read({ catalogue: JSON.stringify(data) })),
    runs,
  );
});

test('and text that is no structure at all', { timeout: 120_000 }, async () => {
  const yaml = fc.array(
    fc.constantFrom('lists:', ' ', '- ', '\n', '{', ']', '&a', '*a', '!!x', '<<: ', '"', '\t', 'a: b', '\0', '---'),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        yaml.map((parts) => parts.join('')),
        fc.string({ unit: 'binary' }),
      ),
      async (text) => {
        await read({ config: text });
        await read({ catalogue: text });
      },
    ),
    runs,
  );
});
