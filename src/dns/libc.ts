/** System calls that Node does not make: many datagrams with one. */
export type Libc = {
  /** A UDP socket as a file descriptor; -1: none to be had. */
  openUdp(family: 4 | 6): number;
  /** Another descriptor of the same; -1: none to be had. */
  duplicate(descriptor: number): number;
  close(descriptor: number): void;
  messages(count: number, size: number): Messages;
  /** Those at [from, to). @returns how many were sent, or the error as a negative number */
  send(descriptor: number, messages: Messages, from: number, to: number): number;
  /** Does not wait. @returns how many were read, or the error as a negative number */
  receive(descriptor: number, messages: Messages): number;
  /** null: none to be had. */
  watch(): Watch | null;
};

/** Waits for descriptors, aside from the event loop. Those that are closed leave it by themselves. */
export type Watch = {
  add(descriptor: number): void;
  /** Until one of them can be read, or so many ms; it is a thread that waits. */
  wait(timeout: number): Promise<void>;
  close(): void;
};

/** Room for `count` messages of up to `size` bytes, as the kernel takes and gives them. */
export type Messages = {
  count: number;
  /** struct mmsghdr of each. */
  headers: Buffer;
  /** Puts the first `length` bytes there, to be sent. */
  put(place: number, message: Buffer, length: number): void;
  /** What was received there; it holds until the next call. */
  received(place: number): Buffer;
};

/** The structures and numbers below are Linux's on these. */
const MACHINES: readonly string[] = ['x64', 'arm64'];
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const EPOLL_CLOEXEC = SOCK_CLOEXEC;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
/** struct epoll_event, at most; it begins with the events. */
const EPOLL_EVENT = 16;
/** struct iovec: address, length. */
const IOVEC = 16;
const IOVEC_LENGTH = 8;
/** struct mmsghdr: a struct msghdr, and how long the message is that was received. */
const MMSGHDR = 64;
const MSG_IOV = 16;
const MSG_IOVLEN = 24;
const MSG_LEN = 56;

type Koffi = typeof import('koffi')['default'];
type KoffiFunction = ReturnType<ReturnType<Koffi['load']>['func']>;

let loading: Promise<Libc | null> | undefined;

/** null where this machine, or this installation, does without: koffi is an optional dependency. */
export function loadLibc(): Promise<Libc | null> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Libc | null> {
  if (process.platform !== 'linux' || !MACHINES.includes(process.arch)) return null;
  try {
    return declare((await import('koffi')).default);
  } catch {
    return null; // not installed, or not for this C library
  }
}

function declare(koffi: Koffi): Libc {
  const libc = koffi.load(null); // the one that Node itself runs with
  const socket = libc.func('int socket(int, int, int)');
  const close = libc.func('int close(int)');
  const dup = libc.func('int dup(int)');
  const sendmmsg = libc.func('int sendmmsg(int, void *, unsigned int, int)');
  const recvmmsg = libc.func('int recvmmsg(int, void *, unsigned int, int, void *)');
  const calls = {
    create: libc.func('int epoll_create1(int)'),
    control: libc.func('int epoll_ctl(int, int, int, void *)'),
    wait: libc.func('int epoll_wait(int, void *, int, int)'),
    close,
  };
  const orError = (result: number): number => (result < 0 ? -koffi.errno() : result);
  return {
    openUdp: (family) => socket(family === 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
    duplicate: dup,
    close,
    messages: (count, size) => createMessages(koffi, count, size),
    send: (descriptor, { headers }, from, to) =>
      orError(sendmmsg(descriptor, from === 0 ? headers : headers.subarray(from * MMSGHDR), to - from, MSG_DONTWAIT)),
    receive: (descriptor, { headers, count }) => orError(recvmmsg(descriptor, headers, count, MSG_DONTWAIT, null)),
    watch: () => createWatch(calls),
  };
}

type WatchCalls = Record<'create' | 'control' | 'wait' | 'close', KoffiFunction>;

function createWatch(calls: WatchCalls): Watch | null {
  const epoll: number = calls.create(EPOLL_CLOEXEC);
  if (epoll < 0) return null;
  return {
    add(descriptor) {
      const event = Buffer.alloc(EPOLL_EVENT);
      event.writeUInt32LE(EPOLLIN);
      calls.control(epoll, EPOLL_CTL_ADD, descriptor, event);
    },
    wait(timeout) {
      const event = Buffer.alloc(EPOLL_EVENT);
      return new Promise((resolve) => calls.wait.async(epoll, event, 1, timeout, () => resolve()));
    },
    close: () => calls.close(epoll),
  };
}

function createMessages(koffi: Koffi, count: number, size: number): Messages {
  const bytes = Buffer.alloc(count * size);
  const parts = Buffer.alloc(count * IOVEC);
  const headers = Buffer.alloc(count * MMSGHDR);
  const [first, firstPart] = [koffi.address(bytes), koffi.address(parts)];
  for (let place = 0; place < count; place += 1) {
    parts.writeBigUInt64LE(first + BigInt(place * size), place * IOVEC);
    parts.writeBigUInt64LE(BigInt(size), place * IOVEC + IOVEC_LENGTH);
    headers.writeBigUInt64LE(firstPart + BigInt(place * IOVEC), place * MMSGHDR + MSG_IOV);
    headers.writeBigUInt64LE(1n, place * MMSGHDR + MSG_IOVLEN);
  }
  return {
    count,
    headers,
    put(place, message, length) {
      const from = place * size;
      for (let at = 0; at < length; at += 1) bytes[from + at] = message[at] ?? 0;
      parts.writeUInt32LE(length, place * IOVEC + IOVEC_LENGTH);
    },
    received(place) {
      const from = place * size;
      return bytes.subarray(from, from + headers.readUInt32LE(place * MMSGHDR + MSG_LEN));
    },
  };
}
