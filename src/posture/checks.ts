import { checkBimi } from './bimi.ts';
import { checkCaa } from './caa.ts';
import { checkDane } from './dane.ts';
import { checkDkim } from './dkim.ts';
import { checkDmarc } from './dmarc.ts';
import { checkDnssec } from './dnssec.ts';
import type { Finding } from './finding.ts';
import { checkHelo } from './helo.ts';
import { checkMtaSts } from './mta-sts.ts';
import { checkMx } from './mx.ts';
import { checkNeighbours } from './neighbours.ts';
import { checkOutboundTls } from './outbound-tls.ts';
import { checkPorts } from './ports.ts';
import { checkPtr } from './ptr.ts';
import { checkRelay } from './relay.ts';
import { checkRoles } from './roles.ts';
import { checkSpf } from './spf.ts';
import { checkSpfSenders } from './spf-sender.ts';
import type { Asking, Subject } from './subject.ts';
import { checkTls } from './tls.ts';
import { checkTlsRpt } from './tls-rpt.ts';

/** Looks at one thing; never throws for what the network does. */
export type RunCheck = (subject: Subject, asking: Asking) => Promise<Finding[]>;

/** Every check, in the order in which findings are shown. A new one is a file and a line here. */
export const CHECKS: Record<string, RunCheck> = {
  mx: checkMx,
  ptr: checkPtr,
  helo: checkHelo,
  spf: checkSpf,
  'spf-sender': checkSpfSenders,
  dkim: checkDkim,
  dmarc: checkDmarc,
  'mta-sts': checkMtaSts,
  'tls-rpt': checkTlsRpt,
  bimi: checkBimi,
  dnssec: checkDnssec,
  dane: checkDane,
  caa: checkCaa,
  ports: checkPorts,
  tls: checkTls,
  'outbound-tls': checkOutboundTls,
  roles: checkRoles,
  relay: checkRelay,
  neighbours: checkNeighbours,
};
