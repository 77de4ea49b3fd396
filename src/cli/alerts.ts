import type { Database } from '../db/open.ts';
import { collect, type Setup } from '../notify/collect.ts';
import { type Delivery, deliver } from '../notify/outbox.ts';
import type { Log } from '../schedule/log.ts';

/** Milliseconds between two looks at what is owed. */
const EVERY = 30_000;

export type Alerts = {
  /** Looks now, or as soon as the look under way is over. */
  look(): void;
  /** Waits for the message under way. */
  stop(): Promise<void>;
};

/**
 * Decides what is owed and sends it, time and again. Several processes may do so side by side. A failure is logged and
 * mended by the next look.
 */
export function startAlerts(db: Database, setup: Setup, log: Log, now: () => Date): Alerts {
  const stopping = new AbortController();
  let under: Promise<void> | null = null;
  let again = false;

  const once = async (): Promise<void> => {
    await collect(db, setup, now());
    for (const delivery of await deliver(db, setup.channels, now(), stopping.signal)) logDelivery(log, delivery);
  };
  const run = async (): Promise<void> => {
    do {
      again = false;
      await once().catch((error: unknown) => log.error({ err: error }, 'alerts not looked at'));
    } while (again && !stopping.signal.aborted);
    under = null;
  };
  const look = (): void => {
    if (under !== null) again = true;
    else if (!stopping.signal.aborted) under = run();
  };
  const timer = setInterval(look, EVERY);
  look();
  return {
    look,
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await under;
    },
  };
}

function logDelivery(log: Log, { channel, title, state, said }: Delivery): void {
  const fields = { channel, title, ...(said === null ? {} : { said }) };
  if (state === 'sent') log.info(fields, 'message sent');
  else if (state === 'dead') log.error(fields, 'message refused: dnsblwatch notify list, notify retry');
  else log.warn(fields, 'message not sent, to be tried again');
}
