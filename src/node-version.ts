/** As package.json has it under `engines`, which npm only warns of. */
const LEAST = [22, 19] as const;

/** Whether this Node is new enough; if not, it is told so. Nothing that an old Node would stumble over is loaded before. */
export function nodeServes(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return true;
  process.stderr.write(`dnsblwatch: needs Node >= ${LEAST.join('.')}, this is ${process.versions.node}\n`);
  process.exitCode = 3;
  return false;
}
