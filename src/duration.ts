const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `5m`, `0s`, `1h30m`, `2d` in milliseconds; null for what is no duration. */
export function parseDuration(text: string): number | null {
  if (!/^(?:\d+(?:ms|[smhd]))+$/.test(text)) return null;
  return [...text.matchAll(/(\d+)(ms|[smhd])/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ''] ?? 0),
    0,
  );
}
