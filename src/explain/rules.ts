import type { CheckId } from '../posture/finding.ts';
import type { Cause } from './causes.ts';

/** How the words and codes of a reply tell the cause, where it names no provider and no list. */
type Rule = { seen: RegExp; cause: Cause; checks?: CheckId[]; says?: string };

const PTR: CheckId[] = ['ptr.exists', 'ptr.fcrdns'];
const AUTH: CheckId[] = ['spf.pass', 'dkim.key', 'dmarc.record'];

/** Enhanced codes that name what is missing (Gmail's, Microsoft's, and RFC 7372, RFC 8616). */
export const STATUSES: Rule[] = [
  {
    seen: /\b[45]\.7\.2[35]\b/,
    cause: 'ptr',
    checks: PTR,
    says: 'the reverse name of the sending address is missing, or does not lead back to it',
  },
  {
    seen: /\b[45]\.7\.24\b/,
    cause: 'auth',
    checks: ['spf.all', 'spf.record'],
    says: 'the SPF record of the domain is too wide, or void',
  },
  { seen: /\b[45]\.7\.26\b/, cause: 'auth', checks: AUTH, says: 'neither SPF nor DKIM passed, or DMARC failed' },
  { seen: /\b[45]\.7\.27\b/, cause: 'auth', checks: ['spf.pass'], says: 'SPF did not pass' },
  { seen: /\b[45]\.7\.29\b/, cause: 'tls', checks: ['tls.outbound'], says: 'the mail came without TLS' },
  { seen: /\b[45]\.7\.30\b/, cause: 'auth', checks: ['dkim.key'], says: 'DKIM did not pass' },
  {
    seen: /\b[45]\.7\.31\b/,
    cause: 'auth',
    checks: ['dmarc.record'],
    says: 'the domain has no DMARC record, or DMARC failed',
  },
  {
    seen: /\b[45]\.7\.32\b/,
    cause: 'auth',
    checks: ['dmarc.align'],
    says: 'From does not align with the domain of SPF or DKIM',
  },
  {
    seen: /\b5\.7\.515\b/,
    cause: 'auth',
    checks: AUTH,
    says: 'Outlook: who sends over 5000 a day needs SPF, DKIM and DMARC',
  },
  {
    seen: /\b5\.7\.509\b/,
    cause: 'auth',
    checks: ['dmarc.record', 'dmarc.align'],
    says: 'DMARC failed, and its policy asks for refusal',
  },
];

/** Without these words a 5.7.23 is Microsoft's SPF failure (RFC 7372 has it so); Gmail's 4.7.23 is about the PTR. */
export const SPF_STATUS = /\b5\.7\.23\b/;

export const AUTH_WORDS: Rule[] = [
  { seen: /dmarc/i, cause: 'auth', checks: ['dmarc.record', 'dmarc.align'], says: 'DMARC did not pass' },
  {
    seen: /\bspf\b|sender policy framework|not allowed to send mail from|doesn't allow sending mails? from|invalid ip for sending mail of domain/i,
    cause: 'auth',
    checks: ['spf.pass'],
    says: 'SPF did not pass',
  },
  {
    seen: /\bdkim\b.*(?:fail|pass|invalid|missing)|unauthenticated|authentication checks? failed|pass authentication|required authentication level/i,
    cause: 'auth',
    checks: AUTH,
  },
];

export const PTR_WORDS: Rule = {
  seen: /reverse (?:dns|name|host|lookup)|\brdns\b|\bptr\b|cannot find your (?:reverse )?hostname|unverifyable sending|mismatches client ip|host not found in reverse|no reverse/i,
  cause: 'ptr',
  checks: PTR,
};

/** In this order; what comes first is more certain. */
export const WORDS: Rule[] = [
  {
    seen: /^(?:this is an? )?(?:email )?(?:abuse|opt-out|authentication failure|feedback) report\b|this is an .{0,30}report for an email message/i,
    cause: 'other',
    says: 'a report about a message, not a refusal',
  },
  { seen: /due to spam classification/i, cause: 'content' },
  { seen: /grey-?list|graylist/i, cause: 'greylist' },
  {
    seen: /countries\.nerd\.dk|geographical(?:ly)? location|country (?:is )?(?:not allowed|blocked)|geo-?block|rejected based on geo|Connection from \S+ \([A-Z]{2}\) rejected/i,
    cause: 'geo',
  },
];

export const LATER: Rule[] = [
  {
    seen: /\bhelo\b.*(?:reject|invalid|not (?:resolv|found|fully))|need fully-qualified hostname|invalid helo|bad helo/i,
    cause: 'helo',
    checks: ['helo.fqdn', 'helo.resolves'],
  },
  {
    seen: /dynamic (?:ip|address|pool)|dial-?up|residential|generic (?:reverse|rdns)/i,
    cause: 'dynamic',
    checks: ['ptr.not_generic'],
  },
  {
    seen: /must issue a starttls|starttls (?:is )?required|encryption required|tls required|requires? (?:a )?tls/i,
    cause: 'tls',
    checks: ['tls.outbound'],
  },
  {
    seen: /domain (?:has been |is )?(?:black|block|deny) ?list|domain blocked|your domain .{0,30}(?:blacklist|blocklist)/i,
    cause: 'domain-listed',
  },
  {
    seen: /(?:poor|bad|low) (?:ip )?reputation|ip reputation|reputation of (?:the|your) (?:sending )?(?:ip|server|host)/i,
    cause: 'ip-reputation',
  },
  {
    seen: /too many (?:concurrent )?connections|connection (?:rate|limit|frequency)|maximum number of connections|too many sessions/i,
    cause: 'conn-rate',
  },
  {
    seen: /rate ?limit|too many messages|throttl|excessive volume|sending rate|frequency limited/i,
    cause: 'ip-ratelimit',
  },
  {
    seen: /\brbls?\b|\bdnsbl|black-?list(?:ed)?|block ?list(?:ed)?|deny ?list|(?<!not )listed (?:at|in|on|by)|client host .{0,60}blocked|ip (?:address )?(?:is |was |has been )?(?:blocked|banned|rejected)|mail from ip banned|previous incidents of abuse|^\s*5\d\d[ -]+connection from \S+ rejected/i,
    cause: 'ip-listed',
  },
  {
    seen: /user unknown|unknown user|no such (?:user|recipient|mailbox)|mailbox (?:is )?(?:full|unavailable|disabled)|does not exist|not a valid (?:user|mailbox)|over ?quota|quota exceeded|recipient (?:address )?rejected: (?:user|undeliverable)|account (?:is )?(?:disabled|suspended)|host unknown|domain not found/i,
    cause: 'recipient',
  },
  {
    seen: /relay(?:ing)? (?:access )?(?:denied|not permitted|prohibited)|not (?:configured|allowed|permitted) to relay|as a relay|authentication required/i,
    cause: 'relay',
  },
  {
    seen: /\bspam\b|spamassassin|virus|phish|content (?:filter|rejected|denied|policy)|malware|security polic/i,
    cause: 'content',
  },
  {
    seen: /timed? ?out|lost connection|connection refused|network (?:is )?unreachable|no route to host|could not connect|message expired/i,
    cause: 'timeout',
  },
  {
    seen: /polic(?:y|ies)|access denied|blocked|not permitted|administrative prohibition|block-rcpt|customized-block/i,
    cause: 'policy',
  },
];

/** Spamhaus and others to a resolver that they do not serve; some receivers take that for a listing. */
export const RESOLVER_ERROR =
  /open resolver|returnc\/(?:pub|vol|ref)|127\.255\.255\.25[2-5]|public resolver|query refused.{0,30}(?:dnsbl|rbl)/i;

/** Postfix, Sendmail, Exim, Kerio: how servers log what they themselves refuse. */
export const OWN_REFUSAL =
  /NOQUEUE: |postscreen|ruleset=check_|\breject: (?:RCPT|CONNECT|MAIL|EHLO|HELO) from|rejected (?:RCPT|connection in|EHLO|HELO)|found in DNS blacklist \S+, mail from/i;
