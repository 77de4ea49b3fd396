import type { Cause } from './causes.ts';

/** A receiver with a list of its own that cannot be asked by DNS: how its replies are known, and where to turn. */
export type Provider = {
  id: string;
  name: string;
  /** In the reply, or in the name of the host that gave it. */
  seen: RegExp;
  page: string | null;
  steps: string[];
  codes: ProviderCode[];
};
/** `list`: the list of others that the code stands for. */
export type ProviderCode = { code: RegExp; cause: Cause; says: string; list?: string };

const IP = 'ip-listed';
export const PROVIDERS: Provider[] = [
  {
    id: 'microsoft-consumer',
    name: 'Microsoft Outlook.com',
    seen: /part of their network is on our block list|\(S3\d{3}\)|\bS775\b|postmaster\.live\.com|mail\.live\.com|olc\.protection\.outlook|hotmail-com|OU-00\d/i,
    page: 'https://olcsupport.office.com/',
    steps: [
      'enrol the address in SNDS and JMRP',
      'fill in the sender support form with the whole reply; answer if it is refused at first',
    ],
    codes: [
      {
        code: /S3140|S3150|OU-00\d|part of their network is on our block list/i,
        cause: IP,
        says: 'the address, or its network, is on Microsoft’s own block list',
      },
      {
        code: /S775|S3113|S3114|4\.7\.65[01]/i,
        cause: 'ip-reputation',
        says: 'slowed down: the address is new or badly rated',
      },
    ],
  },
  {
    id: 'microsoft-365',
    name: 'Microsoft 365 (Exchange Online)',
    seen: /sender\.office\.com|delist@messaging\.microsoft\.com|\bAS\d{8}\b|\bAS\(\d+\)|prod\.protection\.outlook|mail\.protection\.outlook|5\.7\.5(?:09|11|15)|5\.7\.(?:60[6-9]|6[1-4]\d)\b/i,
    page: 'https://sender.office.com/',
    steps: [
      'enter a mail address and the banned address in the delist portal',
      'for 5.7.511 write to delist@messaging.microsoft.com with the whole reply',
    ],
    codes: [
      {
        code: /AS16012611|AS3130|using Spamhaus/i,
        cause: IP,
        says: 'Microsoft quotes a listing on Spamhaus',
        list: 'spamhaus-zen',
      },
      {
        code: /5\.7\.(?:60[6-9]|6[1-4]\d)\b|banned sending IP/i,
        cause: IP,
        says: 'the address is banned by Exchange Online',
      },
      { code: /5\.7\.511\b|banned sender/i, cause: IP, says: 'the sender is banned; only the mail to Microsoft helps' },
      {
        code: /5\.7\.513\b|AS16012607/i,
        cause: 'policy',
        says: 'the recipient’s own block list: only that organisation can lift it',
      },
      {
        code: /4\.7\.(?:[56]\d\d|8[5-9]\d)\b/i,
        cause: 'ip-reputation',
        says: 'held back for a time while the address is looked at',
      },
    ],
  },
  {
    id: 'gmail',
    name: 'Gmail and Google Workspace',
    seen: /google\.com|gsmtp|gmail-smtp|googlemail/i,
    page: 'https://support.google.com/mail/contact/gmail_bulk_sender_escalation',
    steps: [
      'meet every sender guideline, keep the spam rate under 0.3 % for 7 days (Postmaster Tools)',
      'only then use the form, and only as a bulk sender',
    ],
    codes: [
      {
        code: /IPv6 sending guidelines regarding PTR/i,
        cause: 'ptr',
        says: 'over IPv6, Gmail wants a reverse name and SPF or DKIM',
      },
      { code: /low reputation of the sending IP/i, cause: 'ip-reputation', says: 'Gmail rates the address badly' },
      {
        code: /low reputation of the sending domain/i,
        cause: 'domain-reputation',
        says: 'Gmail rates the domain badly',
      },
      { code: /receiving mail at a rate/i, cause: 'recipient-rate', says: 'the recipient gets too much mail' },
      {
        code: /[45]\.7\.28\b/i,
        cause: 'ip-ratelimit',
        says: 'an unusual rate of unsolicited mail from the address or domain',
      },
      {
        code: /\b5\d\d[- ].*unusual rate of unsolicited mail originating from your IP/i,
        cause: IP,
        says: 'Gmail blocks the address for its rate of unsolicited mail',
      },
      {
        code: /unusual rate of unsolicited mail originating from your IP/i,
        cause: 'ip-reputation',
        says: 'an unusual rate of unsolicited mail from the address',
      },
      {
        code: /not authorized to send email directly/i,
        cause: 'dynamic',
        says: 'Gmail takes the address for one of a home line',
      },
    ],
  },
  {
    id: 'yahoo',
    name: 'Yahoo and AOL',
    seen: /yahoodns|yahooinc|postmaster\.yahoo|help\.yahoo|\[(?:TSS|BL|PH|IPTS)\d{2}\]/i,
    page: 'https://senders.yahooinc.com/contact',
    steps: [
      'clear a listing on Spamhaus first (BL21, BL23, TSS07)',
      'join the complaint feedback loop, then use the Sender Hub form with the reply',
    ],
    codes: [
      { code: /\[BL2[13]\]|\[TSS07\]/i, cause: IP, says: 'Yahoo quotes a listing on Spamhaus', list: 'spamhaus-zen' },
      { code: /\[TSS(?:09|11)\]/i, cause: IP, says: 'Yahoo blocks the address for good: retrying will not help' },
      {
        code: /\[TSS\d\d\]|\[IPTS\d\d\]/i,
        cause: 'ip-reputation',
        says: 'put off for complaints or unexpected volume',
      },
      { code: /\[PH01\]/i, cause: 'content', says: 'the message looks like phishing' },
    ],
  },
  {
    id: 'apple-icloud',
    name: 'Apple iCloud',
    seen: /mail\.icloud|icloudadmin|support\.apple\.com|\[(?:CS01|HME1|HCM1)\]|mac\.com|\bme\.com/i,
    page: 'https://support.apple.com/en-us/102322',
    steps: [
      'clear Proofpoint or Spamhaus first',
      'write to icloudadmin@apple.com with company, domain, addresses and the replies',
    ],
    codes: [
      { code: /\[HME1\]/i, cause: 'auth', says: 'neither SPF nor DKIM passed' },
      { code: /\[CS01\]/i, cause: 'policy', says: 'Apple’s local policy: content or reputation' },
    ],
  },
  {
    id: 'proofpoint',
    name: 'Proofpoint',
    seen: /proofpoint\.com|pphosted|ppe-hosted/i,
    page: 'https://ipcheck.proofpoint.com/?ip={ip}',
    steps: ['look the address up on the page of the reply', 'fill in its form; the reverse name should be your own'],
    codes: [
      {
        code: /blocked - see|dnsbl-lookup|ipcheck/i,
        cause: IP,
        says: 'Proofpoint’s dynamic reputation blocks the address',
      },
    ],
  },
  {
    id: 'mimecast',
    name: 'Mimecast',
    seen: /mimecast/i,
    page: 'https://community.mimecast.com/s/article/email-security-cloud-gateway-mimecast-smtp-error-codes',
    steps: ['ask the recipient’s administrator to permit the sender', 'or use Mimecast’s sender feedback form'],
    codes: [
      { code: /Anti-Spoofing|envelope blocked/i, cause: 'policy', says: 'a rule of the recipient' },
      {
        code: /csi\.mimecast|IP Reputation|Temporarily Blacklisted/i,
        cause: 'ip-reputation',
        says: 'Mimecast rates the address badly',
      },
      { code: /security policies/i, cause: 'content', says: 'a signature or score of the message' },
    ],
  },
  {
    id: 'cisco-talos',
    name: 'Cisco Secure Email (Talos)',
    seen: /iphmx|talosintelligence|sending MTA.s poor reputation/i,
    page: 'https://talosintelligence.com/reputation_center/lookup?search={ip}',
    steps: ['clear SpamCop and Spamhaus first', 'open a ticket on the page'],
    codes: [
      { code: /poor reputation|has been rejected/i, cause: 'ip-reputation', says: 'Talos rates the address badly' },
    ],
  },
  {
    id: 't-online',
    name: 'Telekom T-Online',
    seen: /t-online\.de/i,
    page: 'https://postmaster.t-online.de/index.en.html',
    steps: [
      'write to the address in the reply',
      'a reverse name of your own domain and a web page with full contact data are looked at',
    ],
    codes: [
      {
        code: /IP[=:]|bad reputation|A problem occurred/i,
        cause: IP,
        says: 'the address is unknown to Telekom or badly rated; strangers are refused at first',
      },
    ],
  },
  {
    id: 'united-internet',
    name: 'GMX, WEB.DE, IONOS',
    seen: /gmx\.(?:net|de|com|at|ch)|web\.de|kundenserver|Nemesis ESMTP|Reject due to (?:policy|SPF)/i,
    page: 'https://postmaster.gmx.com/en/contact',
    steps: ['read what the code in the link means', 'use the contact form; lower the rate for some hours'],
    codes: [
      {
        code: /(?:black|block) ?listed|c=bip|c=bl\b/i,
        cause: IP,
        says: 'the address is on the block list of GMX and WEB.DE',
      },
      { code: /Reject due to SPF/i, cause: 'auth', says: 'SPF did not pass' },
      { code: /policy (?:restrictions|violations).*IP|IP based/i, cause: IP, says: 'a rule about the address' },
      { code: /policy (?:restrictions|violations)/i, cause: 'policy', says: 'a rule of reputation or content' },
    ],
  },
  {
    id: 'comcast',
    name: 'Comcast Xfinity',
    seen: /comcast|\bBL0000\d\d|xfinity/i,
    page: 'https://spa.xfinity.com/',
    steps: [
      'clear what the bits of BL0000xx stand for: 1 Spamhaus, 10 Cloudmark, 100 Sender Score',
      'for BL000000 file the block removal request',
    ],
    codes: [
      { code: /PTR record|Reverse DNS/i, cause: 'ptr', says: 'Comcast demands a reverse name' },
      {
        code: /BL0000[01]1\b|BL000001\b/i,
        cause: IP,
        says: 'Comcast quotes a listing on Spamhaus',
        list: 'spamhaus-zen',
      },
      { code: /BL000100\b/i, cause: IP, says: 'Comcast quotes a listing of Sender Score', list: 'validity-rpbl' },
      { code: /BL0000\d\d|block for spam/i, cause: IP, says: 'Comcast’s own block, or one that it quotes' },
      { code: /ES0000\d\d/i, cause: 'dynamic', says: 'Comcast takes the address for a dynamic one' },
      { code: /RL0000\d\d/i, cause: 'ip-ratelimit', says: 'Comcast’s limit of rate' },
    ],
  },
  {
    id: 'charter-spectrum',
    name: 'Charter / Spectrum',
    seen: /spectrum\.net|charter\.net|AUP#(?:I|In|Out)?-?1\d{3}/i,
    page: 'https://www.spectrumbusiness.net/support/internet/understanding-email-error-codes',
    steps: ['the owner of the address asks for a reset'],
    codes: [
      { code: /AUP#\w*-?1220/i, cause: IP, says: 'Charter quotes a listing on Spamhaus', list: 'spamhaus-zen' },
      { code: /AUP#\w*-?13\d\d/i, cause: 'ip-ratelimit', says: 'too much for the reputation of the address' },
      { code: /AUP#\w*-?1[02]\d\d/i, cause: IP, says: 'blocked as suspicious' },
    ],
  },
  {
    id: 'cox',
    name: 'Cox',
    seen: /cox\.net|AUP#(?:CXBL|CDRBL|IPBL|URLBL|CXSNDR)/i,
    page: 'https://www.cox.com/residential/support/email-error-codes.html',
    steps: [
      'clear what the bits stand for: 1 Spamhaus, 10 Return Path, 100 ivmSIP, 1000 Cloudmark',
      'for CXBL write to Cox with address and reply',
    ],
    codes: [
      { code: /IPBL0*1\b/i, cause: IP, says: 'Cox quotes a listing on Spamhaus', list: 'spamhaus-zen' },
      { code: /CXBL|CDRBL|IPBL\d+/i, cause: IP, says: 'blocked by Cox, or by a list that it quotes' },
      { code: /URLBL\d+/i, cause: 'domain-listed', says: 'a link is in SURBL, DBL or ivmURI', list: 'surbl-multi' },
    ],
  },
  {
    id: 'orange',
    name: 'Orange and La Poste',
    seen: /\bOFR\d{3}|\bOFR_\d+|\bLPN\w{3}_\d+|orange\.fr|laposte/i,
    page: 'https://postmaster.orange.fr/index.html',
    steps: [
      'read the number after OFR or LPN, clear the list it names',
      'two connections at a time; the postmaster form for the rest',
    ],
    codes: [
      {
        code: /OFR006_102|LPN007_102/i,
        cause: 'ip-reputation',
        says: 'Orange quotes Cloudmark, La Poste Sender Score',
      },
      { code: /OFR006_100/i, cause: IP, says: 'Orange quotes Abusix', list: 'abusix-combined' },
      { code: /LPNAAA_101/i, cause: IP, says: 'La Poste quotes Spamhaus', list: 'spamhaus-zen' },
      { code: /OFR005_104/i, cause: 'conn-rate', says: 'too many connections' },
      { code: /OFR_506/i, cause: 'content', says: 'taken for spam' },
      { code: /OFR00\d_\d+|LPN001_\d+|service refus/i, cause: IP, says: 'refused by reputation of the address' },
    ],
  },
  {
    id: 'free-fr',
    name: 'Free',
    seen: /free\.fr|libertysurf/i,
    page: 'https://postmaster.free.fr/',
    steps: ['stop the traffic and wait up to 24 hours'],
    codes: [
      { code: /reverse DNS/i, cause: 'ptr', says: 'Free demands a reverse name that leads back' },
      { code: /too many spams from your IP/i, cause: 'ip-reputation', says: 'blocked for up to 24 hours' },
    ],
  },
  {
    id: 'mail-ru',
    name: 'Mail.ru',
    seen: /mail\.ru/i,
    page: 'https://help.mail.ru/notspam-support/',
    steps: ['open the link of the reply, it carries the case', 'or write to abuse@corp.mail.ru'],
    codes: [
      { code: /dynamic IP/i, cause: 'dynamic', says: 'Mail.ru takes the address for a dynamic one' },
      { code: /dmarc/i, cause: 'auth', says: 'DMARC did not pass' },
      { code: /spam message rejected/i, cause: 'content', says: 'taken for spam' },
    ],
  },
  {
    id: 'yandex',
    name: 'Yandex',
    seen: /yandex|ya\.cc/i,
    page: null,
    steps: ['open the short link of the reply', 'look the domain up in Yandex Postmaster'],
    codes: [
      { code: /spam statistics|spamsource/i, cause: IP, says: 'Yandex’s own statistics' },
      { code: /suspicion of SPAM/i, cause: 'content', says: 'taken for spam' },
    ],
  },
  {
    id: 'netease',
    name: 'NetEase 163, 126',
    seen: /\b(?:MI|HL|DT|RP):[A-Z]{3}\b|163\.com|netease/i,
    page: null,
    steps: ['look the code up in NetEase’s bounce help', 'few connections, few mails a connection'],
    codes: [
      { code: /MI:SPF|MI:DMA/i, cause: 'auth', says: 'SPF or DMARC did not pass' },
      { code: /DT:RBL|MI:RBL/i, cause: IP, says: 'the address is on one or more DNS lists' },
      { code: /MI:IPB|HL:IPB|HL:IHU|IP in blacklist/i, cause: IP, says: 'the address is barred' },
      { code: /HL:(?:REP|MEP)/i, cause: 'ip-reputation', says: 'the address behaves unusually' },
      { code: /HL:I[CFT]C|HL:IFQ/i, cause: 'ip-ratelimit', says: 'too much from the address' },
      { code: /DT:SUR/i, cause: 'domain-listed', says: 'a link is in SURBL', list: 'surbl-multi' },
      { code: /DT:S[PU]M/i, cause: 'content', says: 'taken for spam' },
      {
        code: /MI:(?:SFQ|STC|DMC|CEL|CCL|SPB)|RP:/i,
        cause: 'sender-ratelimit',
        says: 'too much from the sender, or it is not permitted',
      },
    ],
  },
  {
    id: 'tencent-qq',
    name: 'QQ Mail, Tencent Exmail',
    seen: /qq\.com/i,
    page: 'https://service.mail.qq.com/',
    steps: ['open the page of the reply and appeal there', 'pace: 4 connections, 8 mails each'],
    codes: [
      { code: /Sender frequency limited/i, cause: 'sender-ratelimit', says: 'too much from the sender' },
      { code: /Domain frequency limited/i, cause: 'domain-ratelimit', says: 'too much from the domain' },
      { code: /(?:Ip|Connection) frequency limited/i, cause: 'ip-ratelimit', says: 'too much from the address' },
      { code: /Suspected spam ip/i, cause: IP, says: 'the address is suspected of spam' },
      { code: /SPF check failed|DMARC check failed/i, cause: 'auth', says: 'SPF or DMARC did not pass' },
      { code: /Suspected spam|content denied/i, cause: 'content', says: 'taken for spam' },
    ],
  },
  {
    id: 'godaddy',
    name: 'GoDaddy',
    seen: /secureserver\.net|\bIB1\d\d\b|\bIB007\b|daily relay quota/i,
    page: 'https://ca.godaddy.com/help/fix-rejected-email-with-a-bounce-error-40685',
    steps: ['read the IB code, clear the list it names', 'IB110 to IB113 end by themselves'],
    codes: [
      { code: /IB103/i, cause: 'ip-reputation', says: 'GoDaddy quotes Cloudmark' },
      { code: /IB104/i, cause: IP, says: 'GoDaddy quotes Spamhaus SBL', list: 'spamhaus-sbl' },
      { code: /IB105/i, cause: IP, says: 'GoDaddy quotes Spamhaus XBL', list: 'spamhaus-xbl' },
      { code: /IB106/i, cause: IP, says: 'GoDaddy quotes Spamhaus PBL', list: 'spamhaus-pbl' },
      { code: /IB108/i, cause: 'ptr', says: 'the reverse name failed' },
      { code: /IB007/i, cause: 'conn-rate', says: 'too many connections' },
      { code: /IB11[0-3]/i, cause: 'ip-reputation', says: 'GoDaddy’s own block, for hours' },
      { code: /daily relay quota/i, cause: 'ip-ratelimit', says: 'the daily quota is used up' },
    ],
  },
  {
    id: 'bluewin',
    name: 'Bluewin (Swisscom)',
    seen: /bluewin/i,
    page: 'https://support.bluewin.ch/',
    steps: ['open the link of the reply'],
    codes: [{ code: /IP reputation/i, cause: 'ip-reputation', says: 'Bluewin rates the address badly' }],
  },
  {
    id: 'barracuda-ess',
    name: 'Barracuda Email Gateway Defense',
    seen: /cuda_nsu|ess\.barracudanetworks/i,
    page: 'https://www.barracudacentral.org/rbl/removal-request',
    steps: ['the same removal as of the DNS list', 'ask the recipient’s administrator'],
    codes: [{ code: /Policy Rejection/i, cause: IP, says: 'taken for abuse by the recipient’s filter' }],
  },
  {
    id: 'symantec-messagelabs',
    name: 'Symantec Email Security.cloud',
    seen: /messagelabs|symantec/i,
    page: 'https://ipremoval.sms.symantec.com/',
    steps: ['use the removal page'],
    codes: [{ code: /zodiac/i, cause: IP, says: 'the address is refused by Symantec' }],
  },
];
