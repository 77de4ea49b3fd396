import type { Language } from '../../text/say.ts';
import type { Doc, Tone } from '../doc.ts';

/** A recipient: where messages go, and how they are to read. Everything of it comes from the configuration. */
export type Channel = ChannelKind & {
  id: string;
  language: Language;
  timeZone: string;
  gets: readonly ('alerts' | 'digest')[];
};

/** Addresses (`url`) hold their service's token in most kinds, so they are as secret as passwords. */
export type ChannelKind =
  | { type: 'email'; to: string[]; from: string; server: string; user: string | null; password: string | null }
  | { type: 'webhook'; url: string; secret: string | null }
  | { type: 'slack' | 'discord' | 'teams' | 'wecom'; url: string }
  | { type: 'telegram'; token: string; chat: string; server: string }
  | { type: 'ntfy'; url: string; token: string | null }
  | { type: 'dingtalk' | 'feishu'; url: string; secret: string | null }
  | { type: 'command'; command: string[] };

export type ChannelOf<Type extends ChannelKind['type']> = Extract<Channel, { type: Type }>;

/** What is sent. */
export type Outgoing = {
  /** The same in every try, so that a receiver can tell a second delivery. */
  id: string;
  kind: 'alert' | 'digest' | 'drill' | 'test';
  at: Date;
  doc: Doc;
  /** The worst that it says; for clients that show urgency. */
  tone: Tone;
  /** Names of the conversations it belongs to (an incident has one); mail clients show them together. */
  threads: string[];
  /** What webhooks and commands get. */
  data: Record<string, unknown>;
};

/** `now`: signatures hold it. A message is given up by the signal only when the process ends. */
export type Sending = { now: Date; signal?: AbortSignal };

/** Hands a message over; gives a remark where not all went well. Throws DeliveryFailure. */
export type Send<Type extends ChannelKind['type']> = (
  channel: ChannelOf<Type>,
  outgoing: Outgoing,
  sending: Sending,
) => Promise<string | null>;

/** Why a message was not taken. The text names no address, token or password. `retryAfter` in milliseconds. */
export class DeliveryFailure extends Error {
  readonly permanent: boolean;
  readonly retryAfter: number | null;
  constructor(message: string, { permanent, retryAfter = null }: { permanent: boolean; retryAfter?: number | null }) {
    super(message);
    this.permanent = permanent;
    this.retryAfter = retryAfter;
  }
}

/** Characters that a service counts in bytes. */
export const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');
