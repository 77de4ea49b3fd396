import type { TargetKind } from '../catalogue/list.ts';
import type { Origin } from '../db/schema.ts';
import type { AddressRange, TargetRange } from '../target.ts';
import { compareRanges } from '../targets/ranges.ts';

/** What is noted with a tracked range. */
export type Notes = { label: string | null; tags: string[]; owner: string | null; origin: Origin };

/** A tracked row. Rows never overlap. */
export type Row = Notes & { id: number; range: TargetRange };

/** What is to be tracked; a note that is left out keeps what is there. */
export type Given = { range: TargetRange } & Partial<Omit<Notes, 'origin'>>;

/**
 * - `add`: also track these.
 * - `remove`: track these no longer.
 * - `replace`: track these, what the configuration names, and nothing else.
 * - `follow`: these are what the configuration names now; what it named before and a command did not ends.
 */
export type Edit = 'add' | 'remove' | 'replace' | 'follow';

/** Rows to close, rows to open, what is tracked no longer, and what is new. */
export type Plan = {
  close: number[];
  open: (Notes & { range: TargetRange })[];
  gone: TargetRange[];
  fresh: TargetRange[];
};

type Piece = { range: TargetRange; row: Row | null; given: Given | null };
/** A piece with its notes after the edit; null: not tracked. */
type Decided = Piece & { notes: Notes | null };

/** What an edit does to the rows. An edit inside a row splits it; a row that stays as it is, stays. */
export function planEdit(rows: readonly Row[], given: readonly Given[], edit: Edit): Plan {
  const plan: Plan = { close: [], open: [], gone: [], fresh: [] };
  const kept = new Set<number>();
  const decided: Decided[] = [];
  for (const piece of piecesOf(rows, given)) add(decided, { ...piece, notes: notesAfter(piece, edit) });
  for (const { range, row, notes } of decided) {
    if (notes === null) {
      if (row !== null) plan.gone.push(range);
      continue;
    }
    if (row === null) plan.fresh.push(range);
    const whole = row !== null && compareRanges(row.range, range) === 0;
    if (row !== null && whole && sameNotes(row, notes)) kept.add(row.id);
    else plan.open.push({ ...notes, range });
  }
  plan.close = rows.filter(({ id }) => !kept.has(id)).map(({ id }) => id);
  return plan;
}

/** Adds a piece, to the one before it where nothing parts them but a cut. */
function add(decided: Decided[], piece: Decided): void {
  const last = decided.at(-1);
  const joins =
    last !== undefined &&
    isNext(last.range, piece.range) &&
    sameOrigin(last, piece) &&
    sameNotes(last.notes, piece.notes);
  if (joins && piece.range.kind !== 'domain') last.range = { ...piece.range, lo: last.range.lo ?? piece.range.lo };
  else decided.push(piece);
}

function isNext(a: TargetRange, b: TargetRange): boolean {
  return a.kind !== 'domain' && a.kind === b.kind && a.hi + 1n === b.lo;
}

/** Of one row, or of what was given as one or overlaps: neighbours that were given each on its own stay rows of their own. */
function sameOrigin(a: Piece, b: Piece): boolean {
  if (a.row !== null || b.row !== null) return a.row === b.row;
  const [one, other] = [a.given?.range, b.given?.range];
  if (one === undefined || other === undefined || one.kind === 'domain' || other.kind === 'domain') return false;
  return one.lo <= other.hi && other.lo <= one.hi;
}

function notesAfter({ row, given }: Piece, edit: Edit): Notes | null {
  if (given === null) return staysUngiven(row, edit) ? notesOf(row) : null;
  if (edit === 'remove') return null;
  // The configuration is the whole truth about what only it names.
  const before = edit === 'replace' || (edit === 'follow' && row?.origin === 'config') ? null : row;
  return {
    label: given.label ?? before?.label ?? null,
    tags: given.tags ?? before?.tags ?? [],
    owner: given.owner ?? before?.owner ?? null,
    origin: edit === 'follow' ? (row?.origin ?? 'config') : 'command',
  };
}

function staysUngiven(row: Row | null, edit: Edit): boolean {
  if (edit === 'replace') return row?.origin === 'config';
  return edit !== 'follow' || row?.origin === 'command';
}

function notesOf(row: Row | null): Notes | null {
  return row === null ? null : { label: row.label, tags: row.tags, owner: row.owner, origin: row.origin };
}

function sameNotes(a: Notes | null, b: Notes | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.label === b.label &&
    a.owner === b.owner &&
    a.origin === b.origin &&
    [...a.tags].sort().join('\n') === [...b.tags].sort().join('\n')
  );
}

/** Rows and what is given, cut where either begins or ends; of two given for the same target the later counts. */
function piecesOf(rows: readonly Row[], given: readonly Given[]): Piece[] {
  return [...addressPieces('ipv4', rows, given), ...addressPieces('ipv6', rows, given), ...domainPieces(rows, given)];
}

function domainPieces(rows: readonly Row[], given: readonly Given[]): Piece[] {
  const pieces = new Map<string, Piece>();
  for (const row of rows)
    if (row.range.kind === 'domain') pieces.set(row.range.domain, { range: row.range, row, given: null });
  for (const one of given) {
    if (one.range.kind !== 'domain') continue;
    const { domain } = one.range;
    pieces.set(domain, { range: one.range, row: pieces.get(domain)?.row ?? null, given: one });
  }
  return [...pieces.values()];
}

/** An end of a row or of what is given: at `at` it begins, or is over. */
type Edge = { at: bigint; begins: boolean; row: Row | null; given: number | null };

/** Sweeps over all beginnings and ends: n log n for n rows, so that a file of 100,000 is quick. */
function addressPieces(kind: TargetKind, rows: readonly Row[], given: readonly Given[]): Piece[] {
  const edges: Edge[] = [];
  const note = (range: TargetRange, of: Pick<Edge, 'row' | 'given'>): void => {
    if (range.kind !== kind || range.kind === 'domain') return;
    edges.push({ at: range.lo, begins: true, ...of }, { at: range.hi + 1n, begins: false, ...of });
  };
  for (const row of rows) note(row.range, { row, given: null });
  for (const [at, { range }] of given.entries()) note(range, { row: null, given: at });
  edges.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));

  const pieces: Piece[] = [];
  let row: Row | null = null;
  const active: number[] = [];
  for (let next = 0; next < edges.length; ) {
    const at = edges[next]?.at ?? 0n;
    const begun: Row[] = [];
    for (; edges[next]?.at === at; next += 1) {
      const edge = edges[next];
      if (edge?.row) {
        if (edge.begins) begun.push(edge.row);
        else if (row === edge.row) row = null;
      } else if (edge?.given !== null && edge !== undefined) {
        if (edge.begins) active.push(edge.given);
        else active.splice(active.indexOf(edge.given), 1);
      }
    }
    row = begun[0] ?? row;
    const end = edges[next]?.at;
    const latest = active.length === 0 ? null : (given[Math.max(...active)] ?? null);
    if (end !== undefined && (row !== null || latest !== null))
      pieces.push({ range: { kind, lo: at, hi: end - 1n, domain: null } as AddressRange, row, given: latest });
  }
  return pieces;
}
