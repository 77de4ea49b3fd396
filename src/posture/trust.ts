import { getCACertificates } from 'node:tls';

/** Roots (PEM) trusted beside those that Node trusts: given alone, they would stand in their place. */
export const trusting = (more: readonly string[]): { ca?: string[] } =>
  more.length === 0 ? {} : { ca: [...getCACertificates('default'), ...more] };
