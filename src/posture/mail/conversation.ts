import { connect, type Socket } from 'node:net';

/** Why a conversation with a server ended before its time. `stage`: what was being waited for. */
export type End = { kind: 'refused' | 'timeout' | 'closed' | 'flood' | 'unreachable'; stage: string; detail: string };

export class Ended extends Error {
  readonly end: End;
  constructor(end: End) {
    super(end.detail);
    this.end = end;
  }
}

/** A line is cut, a reply given up, beyond what any server has reason to send. Bytes, lines. */
const LONGEST_LINE = 2048;
const MOST_LINES = 100;
const MOST_BYTES = 64 * 1024;

/** Lines to and from a mail server, each within a deadline; what a hostile one sends is bounded. */
export class Conversation {
  socket: Socket;
  #buffer = Buffer.alloc(0);
  #over: End | null = null;
  #wake: (() => void) | null = null;
  readonly #patience: number;
  readonly #onData = (chunk: Buffer): void => this.#receive(chunk);

  private constructor(socket: Socket, patience: number) {
    this.socket = socket;
    this.#patience = patience;
    this.#listen();
  }

  /** Opens a connection. Throws Ended. `patience`: milliseconds for each line, the first included. */
  static async open(
    to: { address: string; port: number },
    { deadline, patience, signal }: { deadline: number; patience: number; signal: AbortSignal },
  ): Promise<Conversation> {
    const socket = connect({ host: to.address, port: to.port });
    const stop = (): void => void socket.destroy();
    signal.addEventListener('abort', stop, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', stop));
    await new Promise<void>((resolve, reject) => {
      const fail = (kind: End['kind'], detail: string): void => {
        socket.destroy();
        reject(new Ended({ kind, stage: 'connect', detail }));
      };
      const timer = setTimeout(() => fail('timeout', `no connection within ${deadline / 1000} s`), deadline);
      socket.once('connect', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.once('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        const code = error.code ?? error.message;
        fail(code === 'ECONNREFUSED' ? 'refused' : code === 'ETIMEDOUT' ? 'timeout' : 'unreachable', code);
      });
      socket.once('close', () => clearTimeout(timer));
    });
    return new Conversation(socket, patience);
  }

  /** Goes on over TLS: what came before it, in plain, is forgotten. */
  continueOver(socket: Socket): void {
    this.socket = socket;
    this.#buffer = Buffer.alloc(0);
    this.#over = null;
    this.#listen();
  }

  /** Leaves the socket to TLS. */
  release(): void {
    this.socket.off('data', this.#onData);
    this.socket.removeAllListeners('end');
  }

  send(line: string): void {
    if (this.socket.writable) this.socket.write(`${line}\r\n`);
  }

  /** The next line without its end. Throws Ended. */
  async line(stage: string): Promise<string> {
    const endsAt = performance.now() + this.#patience;
    for (;;) {
      const at = this.#buffer.indexOf(0x0a);
      if (at !== -1) {
        const line = this.#buffer.subarray(0, at);
        this.#buffer = this.#buffer.subarray(at + 1);
        if (line.length > LONGEST_LINE)
          throw new Ended({ kind: 'flood', stage, detail: `a line of ${line.length} bytes` });
        return line.toString('latin1').replace(/\r$/, '');
      }
      if (this.#buffer.length > LONGEST_LINE) throw new Ended({ kind: 'flood', stage, detail: 'a line without end' });
      if (this.#over !== null) throw new Ended({ ...this.#over, stage });
      await this.#more(endsAt - performance.now(), stage);
    }
  }

  /** All lines up to the one that `isLast`. Throws Ended. */
  async lines(stage: string, isLast: (line: string) => boolean): Promise<string[]> {
    const lines: string[] = [];
    // Patience is for the whole reply: one byte a second must not keep us for ever.
    const endsAt = performance.now() + this.#patience;
    for (;;) {
      const line = await this.line(stage);
      lines.push(line);
      if (isLast(line)) return lines;
      if (lines.length >= MOST_LINES) throw new Ended({ kind: 'flood', stage, detail: `over ${MOST_LINES} lines` });
      if (performance.now() > endsAt) throw new Ended({ kind: 'timeout', stage, detail: this.#late() });
    }
  }

  close(): void {
    this.socket.destroy();
  }

  #listen(): void {
    this.socket.on('data', this.#onData);
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.#end('closed', error.code ?? error.message));
    this.socket.on('end', () => this.#end('closed', 'the server closed the connection'));
    this.socket.on('close', () => this.#end('closed', 'the server closed the connection'));
  }

  #receive(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    if (this.#buffer.length > MOST_BYTES) {
      this.#end('flood', `over ${MOST_BYTES / 1024} KiB that were not asked for`);
      this.socket.destroy();
    }
    this.#wake?.();
  }

  #end(kind: End['kind'], detail: string): void {
    this.#over ??= { kind, stage: '', detail };
    this.#wake?.();
  }

  #late = (): string => `no reply within ${this.#patience / 1000} s`;

  async #more(left: number, stage: string): Promise<void> {
    if (left <= 0) throw new Ended({ kind: 'timeout', stage, detail: this.#late() });
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, left);
    });
    this.#wake = null;
    clearTimeout(timer);
  }
}
