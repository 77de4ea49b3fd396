/**
 * What operators want to see first, in words. The codes are those of the posture checks and of the catalogue's
 * `requires`; anything else there is a sentence already.
 */
const SENTENCES: Record<string, string> = {
  cause_stopped: 'what caused the listing has been found and stopped',
  explanation: 'you can say what the cause was and what was done about it',
  account: 'you have a (free) account with the operator',
  contact: 'you can be reached at an address of the domain, such as postmaster',
  whois: 'the whois record of the address block names you',
  bounce_handling: 'addresses that bounce are taken off your mailing lists',
  direct_to_mx_reason: 'the address has a reason to deliver mail directly, not through a provider’s relay',
  'ptr.exists': 'the address has a reverse name (PTR)',
  'ptr.fcrdns': 'the address has a reverse name (PTR), and that name leads back to the address',
  'ptr.not_generic': 'the reverse name does not look like one of a dial-up line (no digits of the address in it)',
  'ptr.own_domain': 'the reverse name lies in a domain of your own',
  'helo.fqdn': 'the server greets (HELO) with a full host name',
  'helo.resolves': 'the host name it greets with (HELO) leads to its address',
  'relay.closed': 'the server relays no mail for strangers',
  'open_proxy.none': 'the address runs no open proxy',
  'ip.static': 'the address is fixed, not given out anew',
  'neighbours.clean': 'the other addresses of the block are off the list as well',
  'neighbours.not_same_sender': 'the same mail is not sent from the addresses beside it',
  'asn.clean': 'the provider’s whole network is cleaned up',
  'whois.suballocation': 'the block is registered to you in whois',
  'postmaster.answers': 'the postmaster address of the domain answers',
  'spf.present': 'the domain has an SPF record',
  'spf.pass': 'the domain’s SPF record allows the address',
  'dkim.present': 'mail is signed with DKIM',
  'dmarc.present': 'the domain has a DMARC record',
};

export const requirementText = (requirement: string): string => SENTENCES[requirement] ?? requirement;
