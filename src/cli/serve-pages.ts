import type { Serve } from '../config/schedules.ts';
import type { Database } from '../db/open.ts';
import type { Log } from '../schedule/log.ts';
import { createHealth } from '../web/health.ts';
import { createMetrics } from '../web/metrics.ts';
import { openWebServer, type Pages, type WebServer } from '../web/server.ts';
import { listsToAsk, type Settings } from './options.ts';
import type { World } from './world.ts';

/** Metrics and health of a `serve`, as its configuration has them. */
export type ServePages = {
  /** Opens them, or goes over to another configuration or database. Throws UserError, and then they are as they were. */
  show(db: Database, setup: { settings: Settings; serving: Serve }): Promise<void>;
  /** Until they are shown again they say that there is no database. */
  withoutDatabase(): void;
  /** `none` where they are off. */
  url(): string;
  close(): Promise<void>;
};

type Around = { log: Log; role: 'serve' | 'worker'; world: World };

export function createServePages({ log, role, world }: Around): ServePages {
  let pages: Pages = {};
  let web: WebServer | null = null;
  let at: string | null = null;
  const onError = (error: unknown): void => log.error({ err: error }, 'page');
  return {
    async show(db, { settings, serving }) {
      if (role === 'worker') return;
      const { listen } = serving;
      const wanted = JSON.stringify(listen);
      if (wanted !== at) {
        const before = web;
        web = listen === null ? null : await openWebServer(listen, () => pages, onError);
        at = wanted;
        await before?.close();
      }
      const { healthz, readyz } = createHealth(db.sql);
      const lists = listsToAsk(settings, undefined);
      const { schedules, targetMetrics } = serving;
      const metrics = createMetrics({ sql: db.sql, lists, schedules, targets: targetMetrics, now: world.now });
      pages = { '/metrics': metrics, '/healthz': healthz, '/readyz': readyz };
    },
    withoutDatabase() {
      const { healthz, readyz } = createHealth(null);
      pages = { '/metrics': readyz, '/healthz': healthz, '/readyz': readyz };
    },
    url: () => web?.url ?? 'none',
    close: async () => web?.close(),
  };
}
