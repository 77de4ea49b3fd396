/** In place of `performance.now()`, with another beginning: only differences of it are ever used. */
export function monotonic(): number {
  return process.uptime() * 1e3; // process.hrtime() makes an array
}
