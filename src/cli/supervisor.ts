import { execFile } from 'node:child_process';
import type { Env } from '../places.ts';

/** Whoever started this process and watches it: systemd, if it says so, and SIGHUP. */
export type Supervisor = {
  ready(): void;
  stopping(): void;
  /** Calls back on SIGHUP, until `close`. One at a time. */
  onReload(reload: () => Promise<void>): void;
  close(): void;
};

/**
 * Tells systemd through its own program (sd_notify needs datagram sockets of a kind that Node lacks); units need
 * NotifyAccess=all. As long as the event loop turns, the watchdog is fed at half its time.
 */
export function createSupervisor(env: Env): Supervisor {
  const tell = (...words: string[]): void => {
    if (env.NOTIFY_SOCKET) execFile('systemd-notify', words, () => {});
  };
  const every = Number(env.WATCHDOG_USEC) / 2000;
  const watchdog = every > 0 ? setInterval(() => tell('WATCHDOG=1'), every) : undefined;
  let onHangup: (() => void) | null = null;

  return {
    ready: () => tell('--ready', `--pid=${process.pid}`),
    stopping: () => tell('--stopping'),
    onReload(reload) {
      if (onHangup !== null) process.off('SIGHUP', onHangup);
      let busy = false;
      onHangup = () => {
        if (busy) return;
        busy = true;
        void reload().finally(() => {
          busy = false;
        });
      };
      process.on('SIGHUP', onHangup);
    },
    close() {
      clearInterval(watchdog);
      if (onHangup !== null) process.off('SIGHUP', onHangup);
    },
  };
}
