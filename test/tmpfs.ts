import { spawnSync } from 'node:child_process';
import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

function shell(script: string, ...args: string[]): boolean {
  return spawnSync('sh', ['-c', script, 'sh', ...args]).status === 0;
}

/** Whether small disks can be made here: takes root and the right to mount. */
export const canMount =
  process.getuid?.() === 0 && shell('d=$(mktemp -d) && mount -t tmpfs none "$d" && umount "$d" && rmdir "$d"');

/** The name of a test that needs them: where there are none, the reason is part of it. */
export const onSmallDisk = (name: string): string => (canMount ? name : `${name}: not run, only root can mount`);

/** A small disk in the place of an empty folder, whose owner it keeps. */
export function mountSmallDisk(folder: string, size: string): { fill(): void; empty(): void; unmount(): void } {
  const { uid, gid, mode } = statSync(folder);
  const options = `size=${size},uid=${uid},gid=${gid},mode=${(mode & 0o777).toString(8)}`;
  if (!shell('mount -t tmpfs -o "$2" none "$1"', folder, options)) throw new Error(`cannot mount on ${folder}`);
  const filler = path.join(folder, 'filler');
  return {
    fill() {
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(filler, Buffer.alloc(bavail * bsize));
    },
    empty: () => rmSync(filler, { force: true }),
    unmount: () => void shell('umount "$1"', folder),
  };
}
