import type { List } from '../catalogue/list.ts';

/** Lookups in a row without an answer after which nobody asks on; also refused lookups after which nobody does. */
const ENOUGH = 10;
/** Milliseconds that failures which happen together may lie apart. */
const TOGETHER = 20;
const LEAST_OPERATORS = 3;

/** How one operator behaves in one round, over all its lists. */
export type Operator = {
  /** Why it is not asked again in this round, on no path; null while it may be. */
  ended: string | null;
  answered(): void;
  /** A lookup that no server answered, all tries over. */
  exhausted(): void;
  /** A list's opening failed for want of answers. */
  unreachable(): void;
  /** A lookup refused although the controls are not; ten of them end the operator. */
  refused(detail: string): void;
  /** Ten exhausted lookups with no answer in between. The next opening is the trial that mends it. */
  broken(): boolean;
};

export type Operators = {
  of(list: List): Operator;
  /** Waits until failures of the same moment have all been seen, then says whether the fault is ours. */
  ourOutage(signal?: AbortSignal): Promise<boolean>;
};

/** `workedBefore`: operators that answered in the last scan, as far as it is known. */
export function createOperators(workedBefore: ReadonlySet<string> = new Set()): Operators {
  const worked = new Set(workedBefore);
  const failing = new Set<string>();
  const known = new Map<string, Operator>();

  const create = (name: string): Operator => {
    let silent = 0;
    let refusals = 0;
    let well = false;
    const operator: Operator = {
      ended: null,
      answered() {
        if (well) return; // as after nearly all lookups
        well = true;
        silent = 0;
        worked.add(name);
        failing.delete(name);
      },
      exhausted() {
        well = false;
        silent += 1;
        failing.add(name);
      },
      unreachable() {
        well = false;
        failing.add(name);
      },
      refused(detail) {
        refusals += 1;
        if (refusals >= ENOUGH) operator.ended ??= detail;
      },
      broken: () => silent >= ENOUGH,
    };
    return operator;
  };

  const out = (): boolean => {
    let both = 0;
    for (const name of failing) if (worked.has(name)) both += 1;
    return both >= LEAST_OPERATORS && both * 2 >= worked.size;
  };

  return {
    of(list) {
      const operator = known.get(list.operator) ?? create(list.operator);
      known.set(list.operator, operator);
      return operator;
    },
    async ourOutage(signal) {
      if (!out() && worked.size >= LEAST_OPERATORS) await new Promise((resolve) => setTimeout(resolve, TOGETHER));
      signal?.throwIfAborted();
      return out();
    },
  };
}
