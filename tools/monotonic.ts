/** In place of `performance.now()`, with another beginning: only differences of it are ever used. */
export function monotonic(): number {
  const time = process.hrtime(); // to take it apart by a pattern would be a loop over it
  return time[0] * 1e3 + time[1] / 1e6;
}
