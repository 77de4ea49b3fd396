/** As package.json has it under `engines`, which npm only warns of. */
const LEAST = { major: 22, minor: 19 };

/** Whether this Node is new enough; if not, it is told so. JavaScript, for an old Node has to read it. */
export function nodeServes() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > LEAST.major || (major === LEAST.major && minor >= LEAST.minor)) return true;
  process.stderr.write(`dnsblwatch: needs Node >= ${LEAST.major}.${LEAST.minor}, this is ${process.versions.node}\n`);
  process.exitCode = 3;
  return false;
}
