import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Most tests wait for other processes, sockets and deadlines: more files at once than a small machine has cores.
    maxWorkers: 3,
    // Importing drizzle costs 1.2 s a file: once per worker, and bundled by vite instead of module by module.
    isolate: false,
    // What src/db/lost-connection.ts takes care of; here vitest sees it too.
    onUnhandledError: (error) => !('query' in error && String(error.query).includes('select b.oid, b.typarray')),
    server: { deps: { inline: ['drizzle-orm'] } },
  },
});
