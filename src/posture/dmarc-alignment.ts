import type { Lookup } from '../dns/lookup.ts';
import type { DmarcFound } from './dmarc-discovery.ts';
import { type Check, type Finding, fail, notApplicable, pass, unknown, warn } from './finding.ts';
import { LookupError, organizationalDomain } from './mailauth.ts';
import type { Message } from './message.ts';

const ALIGN: Check = { check: 'dmarc.align', severity: 'high', rfc: 'RFC 9989 4.4, 4.10.2' };

/** From, Return-Path and signatures of a message that was really sent; without one nothing can be said. */
export async function checkAlignment(
  message: Message | null,
  { domain, applies }: DmarcFound,
  lookup: Lookup,
): Promise<Finding> {
  if (message === null)
    return unknown(ALIGN, domain, 'it shows only in a message that was sent', {
      settle: `dnsblwatch audit ${domain} --message FILE`,
    });
  if (message.from === null) return unknown(ALIGN, domain, 'the message has not exactly one From address');
  if (applies === null) return notApplicable(ALIGN, domain, 'no DMARC record applies');
  const { tags } = applies.reading;
  const evidence = [
    `From: ${message.from}`,
    `Return-Path: ${message.mailFrom ?? 'none'}`,
    ...message.signatures.map((one) => `DKIM-Signature: d=${one.domain} s=${one.selector}`),
  ];
  try {
    const aligned = (other: string, tag: 'adkim' | 'aspf'): Promise<boolean> =>
      alignedWith(message.from ?? '', other, tags.get(tag)?.toLowerCase() === 's', lookup);
    const bySignature = await Promise.all(message.signatures.map((one) => aligned(one.domain, 'adkim')));
    const byPath = message.mailFrom !== null && (await aligned(message.mailFrom, 'aspf'));
    if (bySignature.includes(true))
      return pass(ALIGN, domain, `signed by a domain that aligns with From${byPath ? '; MAIL FROM aligns too' : ''}`, {
        evidence,
      });
    if (byPath)
      return warn(
        ALIGN,
        domain,
        'only MAIL FROM aligns with From: what is forwarded fails DMARC; sign with DKIM as the domain of From',
        { evidence, severity: 'medium' },
      );
    return fail(ALIGN, domain, 'neither a signature nor MAIL FROM aligns with From: the message fails DMARC', {
      evidence,
      fix: { say: `sign with d=${message.from}`, after: `DKIM-Signature: … d=${message.from}; s=SELECTOR; …` },
    });
  } catch (error) {
    if (error instanceof LookupError) return unknown(ALIGN, domain, error.message, { evidence });
    throw error;
  }
}

async function alignedWith(from: string, other: string, strict: boolean, lookup: Lookup): Promise<boolean> {
  if (from === other) return true;
  if (strict) return false;
  const [one, two] = await Promise.all([organizationalDomain(from, lookup), organizationalDomain(other, lookup)]);
  return one === two;
}
