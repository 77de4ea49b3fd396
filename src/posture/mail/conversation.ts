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

/** All of a conversation together takes at most so many times the patience for one reply. */
const LONGEST = 4;

/** Milliseconds: for the connection; for each reply, of which the greeting of a slow server takes longest. */
export type Patience = { deadline: number; patience: number; signal: AbortSignal };

/**
 * Opens a connection for `use`, and closes it. Gives how it ended before its time; null: `use` came to its own end.
 * Throws only what the signal was aborted with.
 */
export async function converse(
  to: { address: string; port: number },
  limits: Patience,
  use: (talk: Conversation) => Promise<void>,
): Promise<End | null> {
  try {
    const talk = await Conversation.open(to, limits);
    try {
      await use(talk);
    } finally {
      talk.close();
    }
    return null;
  } catch (error) {
    if (error instanceof Ended) return error.end;
    throw error;
  }
}

/** Lines to and from a mail server, each within a deadline; what a hostile one sends is bounded. */
export class Conversation {
  socket: Socket;
  #buffer = Buffer.alloc(0);
  #over: End | null = null;
  #wake: (() => void) | null = null;
  readonly #limits: Patience;
  readonly #endsAt: number;
  readonly #onData = (chunk: Buffer): void => this.#receive(chunk);

  private constructor(socket: Socket, limits: Patience) {
    this.socket = socket;
    this.#limits = limits;
    this.#endsAt = performance.now() + LONGEST * limits.patience;
    this.#listen();
  }

  /** Throws Ended, or what the signal was aborted with. */
  static async open(to: { address: string; port: number }, limits: Patience): Promise<Conversation> {
    const { signal, deadline } = limits;
    signal.throwIfAborted();
    const socket = connect({ host: to.address, port: to.port });
    const stop = (): void => void socket.destroy();
    signal.addEventListener('abort', stop, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', stop));
    await untilReady(socket, 'connect', deadline, signal);
    return new Conversation(socket, limits);
  }

  /** Goes on over TLS, which `over` makes of the socket: what came before it, in plain, is forgotten. Throws Ended. */
  async secure<Secured extends Socket>(over: (plain: Socket) => Secured): Promise<Secured> {
    this.socket.off('data', this.#onData);
    this.socket.removeAllListeners('end');
    const secured = over(this.socket);
    await untilReady(secured, 'secureConnect', this.#limits.patience, this.#limits.signal);
    this.socket = secured;
    this.#buffer = Buffer.alloc(0);
    this.#over = null;
    this.#listen();
    return secured;
  }

  send(line: string): void {
    if (this.socket.writable) this.socket.write(`${line}\r\n`);
  }

  /** The next line without its end. Throws Ended. */
  async line(stage: string): Promise<string> {
    const endsAt = this.#until();
    for (;;) {
      this.#limits.signal.throwIfAborted();
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
    const endsAt = this.#until();
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

  #until = (): number => Math.min(performance.now() + this.#limits.patience, this.#endsAt);
  #late = (): string => `no reply within ${this.#limits.patience / 1000} s`;

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

/** What a socket becomes, and the words where it does not. */
const READY = {
  connect: { stage: 'connect', late: 'no connection', closed: 'the server closed the connection' },
  secureConnect: {
    stage: 'TLS',
    late: 'no TLS session',
    closed: 'the server closed the connection during the handshake',
  },
} as const;

/** Throws Ended, or what the signal was aborted with; then the socket is destroyed. */
function untilReady(socket: Socket, event: keyof typeof READY, deadline: number, signal: AbortSignal): Promise<void> {
  const { stage, late, closed } = READY[event];
  return new Promise<void>((resolve, reject) => {
    const end = (kind: End['kind'], detail: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(signal.aborted ? signal.reason : new Ended({ kind, stage, detail }));
    };
    const timer = setTimeout(() => end('timeout', `${late} within ${deadline / 1000} s`), deadline);
    socket.once(event, () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? error.message;
      end(event === 'connect' ? (UNCONNECTED[code] ?? 'unreachable') : 'closed', code);
    });
    // The only event of a socket that is destroyed while it connects.
    socket.once('close', () => end('closed', closed));
  });
}

const UNCONNECTED: Record<string, End['kind']> = { ECONNREFUSED: 'refused', ETIMEDOUT: 'timeout' };
