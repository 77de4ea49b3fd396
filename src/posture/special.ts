import { addressNumber } from '../address.ts';
import { specialBlock } from '../special-addresses.ts';

/** Private, loopback, documentation: an address that nobody outside can reach. */
export function isSpecial(address: string): boolean {
  return specialName(address) !== null;
}

/** What block such an address is of, in words; null: it is an ordinary one. */
export function specialName(address: string): string | null {
  const number = addressNumber(address);
  return number === null ? null : (specialBlock(number.kind, number.value, number.value)?.name ?? null);
}
