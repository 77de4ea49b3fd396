/** `2026-11-24 07:00 UTC`; `at` as a Date or in ISO 8601. */
export function minute(at: Date | string): string {
  const iso = typeof at === 'string' ? at : at.toISOString();
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}
