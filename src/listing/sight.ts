import type { List } from '../catalogue/list.ts';
import type { Batch, Meaning, Result } from '../scan/verdict.ts';
import type { Evidence, Seeing, SeenCode, Sight } from './state.ts';

/** What a result says to the state: only codes that block and are more than information are a listing. */
export function sightOf(list: Pick<List, 'codes'>, { verdict, proven }: Pick<Result, 'verdict' | 'proven'>): Sight {
  if (verdict.kind === 'unknown') return { kind: 'unknown' };
  const codes = verdict.kind === 'listed' ? seenCodes(list, verdict.meanings) : [];
  // Records without a code that blocks prove that it is not among them.
  return codes.length === 0 ? { kind: 'clean', proven } : { kind: 'listed', codes };
}

export function seenCodes(list: Pick<List, 'codes'>, meanings: readonly Meaning[]): SeenCode[] {
  const byKey = new Map<string, SeenCode>();
  for (const { code, label, severity, polarity } of meanings) {
    if (polarity !== 'block' || severity === 'info') continue;
    const key = keyOf(list, code, label);
    if (!byKey.has(key)) byKey.set(key, { code, label, key });
  }
  return [...byKey.values()];
}

/** Bits and bands (scores) are the same while their label is, whatever the address; a code of its own is not. */
function keyOf(list: Pick<List, 'codes'>, code: string, label: string): string {
  const banded = Object.keys(list.codes).length > 0 && !Object.hasOwn(list.codes, code);
  return banded ? label : `${code} ${label}`;
}

/** When and how a result was seen. */
export function seeingOf(result: Result, batch: Batch, scan: number): Seeing {
  const path = result.path ?? batch.path;
  const cached = path === 'system' || path === 'host';
  return {
    at: result.at.toISOString(),
    scan,
    ttl: Math.max(result.ttl ?? 0, ...(cached ? batch.controls.map(({ ttl }) => ttl ?? 0) : [])),
    cached,
    evidence: evidenceOf(result, batch, scan),
  };
}

function evidenceOf(result: Result, batch: Batch, scan: number): Evidence {
  return {
    at: result.at.toISOString(),
    scan,
    asked: result.asked,
    path: result.path ?? batch.path,
    server: result.server,
    rcode: result.rcode,
    addresses: result.addresses,
    txt: result.reason,
    ttl: result.ttl,
    proven: result.proven,
    controls: batch.controls,
  };
}
