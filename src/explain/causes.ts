/** Why mail was refused, as far as a reply tells. Stable names, part of the JSON. */
export type Cause =
  | 'ip-listed'
  | 'ip-reputation'
  | 'ip-ratelimit'
  | 'domain-listed'
  | 'domain-reputation'
  | 'domain-ratelimit'
  | 'sender-ratelimit'
  | 'conn-rate'
  | 'recipient-rate'
  | 'ptr'
  | 'helo'
  | 'auth'
  | 'tls'
  | 'dynamic'
  | 'geo'
  | 'greylist'
  | 'resolver-error'
  | 'content'
  | 'policy'
  | 'recipient'
  | 'relay'
  | 'timeout'
  | 'delivered'
  | 'other';

type Words = { says: string; todo: string[] };

const AUDIT = 'dnsblwatch audit YOUR-DOMAIN {address}';

/** `{address}` stands for the address that the reply names. */
export const CAUSES: Record<Cause, Words> = {
  'ip-listed': {
    says: 'the sending address is on a block list',
    todo: ['dnsblwatch check {address}', 'dnsblwatch delist {address}'],
  },
  'ip-reputation': {
    says: 'the receiver rates the sending address badly',
    todo: ['send less for some days, to people who want it', AUDIT],
  },
  'ip-ratelimit': {
    says: 'too much came from the sending address for what the receiver thinks of it',
    todo: ['slow down, and let the queue retry', AUDIT],
  },
  'domain-listed': {
    says: 'a domain of the message is on a block list',
    todo: ['dnsblwatch check YOUR-DOMAIN', 'look for the domain in sender, links and HELO'],
  },
  'domain-reputation': {
    says: 'the receiver rates the sending domain badly',
    todo: ['find what is sent in its name (DMARC reports)', AUDIT],
  },
  'domain-ratelimit': { says: 'too much came from the sending domain', todo: ['slow down, and let the queue retry'] },
  'sender-ratelimit': {
    says: 'too much came from this sender',
    todo: ['slow down; look whether the account was taken over'],
  },
  'conn-rate': {
    says: 'too many connections at once, or in a short time',
    todo: ['lower the number of connections to this receiver'],
  },
  'recipient-rate': {
    says: 'the recipient gets more mail than the receiver allows',
    todo: ['nothing at your server is wrong: send later'],
  },
  ptr: { says: 'the reverse name of the sending address is missing, or does not lead back to it', todo: [AUDIT] },
  helo: { says: 'what the server says as HELO is not accepted', todo: [`${AUDIT} --helo NAME`] },
  auth: { says: 'SPF, DKIM or DMARC did not pass', todo: [`${AUDIT} --message FILE`] },
  tls: {
    says: 'the receiver wants TLS',
    todo: ['let the server use TLS when it sends (Postfix: smtp_tls_security_level = may)'],
  },
  dynamic: {
    says: 'the address is taken for one of a home line',
    todo: [AUDIT, 'ask your provider for a static address with a name of its own'],
  },
  geo: {
    says: 'the receiver takes no mail from the country of the address',
    todo: ['only the recipient can change this: ask for an exception'],
  },
  greylist: { says: 'greylisting: the first try is put off', todo: ['nothing: the server tries again by itself'] },
  'resolver-error': {
    says: 'the receiver asks a list in a way that the list refuses: you are not listed',
    todo: [
      'tell the receiver: its mail server uses a public or blocked resolver for the list',
      'dnsblwatch check {address}',
    ],
  },
  content: {
    says: 'the message itself is taken for spam or is not allowed',
    todo: ['look at links, attachments and words; send to who asked for it'],
  },
  policy: { says: 'a rule of the receiver, without a reason given', todo: ['ask the recipient or its administrator'] },
  recipient: { says: 'the mailbox does not exist, is full or closed', todo: ['take the address off your lists'] },
  relay: {
    says: 'the server does not take mail for this recipient from you',
    todo: ['look whether the message went to the right server, or needs a log-in'],
  },
  timeout: {
    says: 'the receiver could not be reached, or did not answer in time',
    todo: ['look whether port 25 outwards is open', AUDIT],
  },
  delivered: { says: 'this is a success', todo: [] },
  other: { says: 'the reply says nothing about reputation or set-up', todo: ['read the words of the receiver'] },
};
