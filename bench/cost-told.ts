import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Loaded into a process that is measured (`node --import`): as it ends it tells on file descriptor 3 what it took. Its
 * start, when modules are loaded, holds nobody up: stalls count from the first connection to a database or server on.
 */
const EVERY = 5;
const delay = monitorEventLoopDelay({ resolution: EVERY });
let longestTurn = 0;
let watching = false;

function watch(): void {
  if (watching) return;
  watching = true;
  delay.enable();
  let before = threadCpu();
  setInterval(() => {
    const now = threadCpu();
    longestTurn = Math.max(longestTurn, now - before);
    before = now;
  }, EVERY).unref();
}

/** Milliseconds of CPU of this thread: on a busy machine they say which part of a stall is ours. */
function threadCpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

subscribe('net.client.socket', watch);
subscribe('udp.socket', watch);
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  const { maxRSS } = process.resourceUsage();
  const stall = watching ? delay.max / 1e6 - EVERY : 0;
  const told = { cpu: (user + system) / 1e6, megabytes: maxRSS / 1024, stall, turn: longestTurn };
  writeSync(3, JSON.stringify(told));
});
