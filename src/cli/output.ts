import { fstatSync, writeSync } from 'node:fs';

/** `columns`: characters in a line; null: no terminal. */
export type Output = {
  isTerminal: boolean;
  columns: number | null;
  write(text: string): void;
  /** Whether all is out, so that the process may end at once. */
  isWritten(): boolean;
};

/**
 * Standard output (1) or standard error (2). Node's streams for them take 10 ms to load; files and pipes do without, for
 * they take all that is written at once. A pipe that is full and does not block is left to the stream.
 */
export function openOutput(fd: 1 | 2): Output {
  const device = isDevice(fd);
  let stream = device ? streamOf(fd) : null;
  return {
    isTerminal: stream?.isTTY === true,
    columns: stream?.isTTY === true ? stream.columns : null,
    write(text) {
      if (stream !== null) return void stream.write(text);
      const left = writeNow(fd, Buffer.from(text));
      if (left.length === 0) return;
      stream = streamOf(fd);
      stream.write(left);
    },
    isWritten: () => stream === null || stream.writableLength === 0,
  };
}

function isDevice(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice();
  } catch {
    return true; // closed: Node's stream knows what to do
  }
}

/** @returns what could not be written yet */
function writeNow(fd: 1 | 2, bytes: Buffer): Buffer {
  let left = bytes;
  try {
    while (left.length > 0) left = left.subarray(writeSync(fd, left));
  } catch (error) {
    if (codeOf(error) !== 'EAGAIN') return unread(fd, error);
  }
  return left;
}

export function streamOf(fd: 1 | 2): NodeJS.WriteStream {
  const stream = fd === 1 ? process.stdout : process.stderr;
  stream.on('error', (error) => unread(fd, error));
  return stream;
}

/** The reader (head, less) has seen enough of the results; that nobody reads the errors changes no result. */
function unread(fd: 1 | 2, error: unknown): Buffer {
  if (codeOf(error) !== 'EPIPE') throw error;
  if (fd === 1) process.exit(0);
  return Buffer.alloc(0);
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
