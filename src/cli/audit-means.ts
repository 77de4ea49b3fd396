import { networkInterfaces } from 'node:os';
import { resolverLookup } from '../dns/lookup.ts';
import { isLoopback } from '../dns/resolvers.ts';
import { secureLookup } from '../dns/secure.ts';
import { openTransport } from '../dns/transport.ts';
import { UserError } from '../errors.ts';
import { fetchHttps } from '../posture/https.ts';
import { createMailLooks, type LookOptions } from '../posture/mail/looks.ts';
import { probeRelay } from '../posture/mail/relay-probe.ts';
import type { Asking, MailAsking } from '../posture/subject.ts';
import { withAsking } from './asking.ts';
import { readGiven } from './audit-subject.ts';
import { neighbourAsking, type WithMeans } from './neighbours.ts';
import { millisecondsOf, resolversOf, type Settings } from './options.ts';
import type { World } from './world.ts';

/** How the machines themselves are to be reached. */
export type ConnectOptions = {
  allowSpecial?: boolean;
  port?: string[];
  ca?: string;
  /** commander makes `--no-connect` of this. */
  connect?: boolean;
  patience?: string;
  openRelay?: boolean;
  neighbourhood?: boolean;
  relayRecipient?: string;
};

/** Gives `use` what an audit asks with, and closes it. */
export async function withPosture<T>(
  settings: Settings,
  options: ConnectOptions,
  world: World,
  use: (asking: Asking) => Promise<T>,
  withMeans: WithMeans = (ask) => withAsking(settings, world, ask),
): Promise<T> {
  const ports = portsOf(options.port ?? []);
  const ca = options.ca === undefined ? [] : [readGiven('--ca', options.ca)];
  const transport = openTransport({ now: world.now });
  const lookup = resolverLookup(transport.ask, resolversOf(settings), {
    deadline: settings.timeout,
    signal: world.signal,
  });
  const rare = secureLookup(resolversOf(settings)[0], { deadline: settings.timeout, signal: world.signal });
  const allowSpecial = options.allowSpecial === true;
  try {
    return await use({
      lookup,
      fetch: (url) =>
        fetchHttps(url, {
          lookup,
          ports,
          ca,
          deadline: settings.timeout * 2,
          allowSpecial,
          signal: world.signal,
        }),
      neighbours: neighbourAsking(options.neighbourhood === true, settings, withMeans),
      secure: isTrusted(settings) ? rare : null,
      rare,
      mail:
        options.connect === false
          ? null
          : mailAsking(options, { lookup, ports, ca, allowSpecial, signal: world.signal }),
      patience: settings.timeout * 3,
      now: world.now(),
      allowSpecial,
    });
  } finally {
    transport.close();
  }
}

/** AD counts from a resolver of this machine, or one that was named; on the way from others it can be forged. */
function isTrusted(settings: Settings): boolean {
  return typeof settings.resolver !== 'string' || isLoopback(resolversOf(settings)[0]);
}

/** Milliseconds: a connection; a reply, for which slow and tarpitting servers take half a minute. */
const CONNECT = 10_000;
const PATIENCE = 35_000;
/** Where nobody's mail can go by mistake: nothing is sent, and the name is reserved (RFC 2606). */
const STRANGER = 'relay-test@example.com';

function mailAsking(
  options: ConnectOptions,
  from: Pick<LookOptions, 'lookup' | 'ports' | 'ca' | 'allowSpecial' | 'signal'>,
): MailAsking {
  const patience = options.patience === undefined ? PATIENCE : millisecondsOf('--patience', options.patience);
  const deadline = Math.min(CONNECT, patience);
  const port = from.ports.get(25) ?? 25;
  const recipient = options.relayRecipient ?? STRANGER;
  if (!/^[^\s<>@]+@[^\s<>@]+$/.test(recipient))
    throw new UserError(`--relay-recipient "${recipient}": expected a mail address of somebody else's domain`);
  const relay = (address: string) => probeRelay(address, recipient, { port, deadline, patience, signal: from.signal });
  return {
    looks: createMailLooks({ ...from, deadline, patience }),
    relay: options.openRelay === true ? relay : null,
    ownAddresses: new Set(
      Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
    ),
  };
}

/** `25=2525`: what is meant to listen on 25 is asked on 2525. */
function portsOf(words: string[]): Map<number, number> {
  return new Map(
    words.map((word) => {
      const [, from, to] = /^(\d{1,5})=(\d{1,5})$/.exec(word) ?? [];
      if (from === undefined || to === undefined || Number(to) < 1 || Number(to) > 65535)
        throw new UserError(`--port "${word}": expected PORT=OTHER, such as 25=2525`);
      return [Number(from), Number(to)];
    }),
  );
}
