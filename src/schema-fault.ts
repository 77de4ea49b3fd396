import * as v from 'valibot';
import { quoted } from './quoted.ts';

/** What is wrong at one place of a file that a person wrote. */
export type Fault = {
  path: PropertyKey[];
  /** Nothing stands where something must; something stands where nothing may; or it is not what it must be. */
  kind: 'missing' | 'unknown' | 'wrong';
  given: unknown;
  /** "a duration such as 5m", "one of ipv4, ipv6": goes after "expected". */
  expected: string;
};

type Schema = v.GenericSchema;
/** A schema of valibot is a plain object; what it is made of is read here, and only here. */
type Parts = Record<string, unknown>;

/**
 * The data as the schema gives it, or every place that is not as it must be, in their order. Each message of the schema
 * says what was expected.
 */
export function readBy<Wanted extends Schema>(
  schema: Wanted,
  data: unknown,
): { value: v.InferOutput<Wanted>; faults: null } | { faults: Fault[] } {
  const misplaced = arraysForFields(schema, data, []);
  if (misplaced.length > 0) return { faults: misplaced };
  const read = v.safeParse(schema, data);
  return read.success ? { value: read.output, faults: null } : { faults: faultsIn(schema, data) };
}

function faultsIn(schema: Schema, data: unknown): Fault[] {
  const byPlace = new Map<string, Fault>();
  for (const fault of issuesOf(schema as unknown as Parts, data, [])) {
    const place = pathText(fault.path);
    if (!byPlace.has(place)) byPlace.set(place, fault);
  }
  return [...byPlace.values()];
}

/** valibot takes an array for an object; who wrote `- a` in place of `a:` is to be told. */
function arraysForFields(schema: unknown, data: unknown, path: PropertyKey[]): Fault[] {
  if (typeof data !== 'object' || data === null) return [];
  const options = alternatives(schema, data);
  if (Array.isArray(data) && options.length > 0 && !options.some(({ type }) => type === 'array')) {
    const expected = messageOf(schema);
    return options.some(holdsFields) ? [{ path, kind: 'wrong', given: data, expected }] : [];
  }
  return Object.entries(data).flatMap(([key, value]) => {
    if (!isParts(value)) return []; // as most are: it needs no schema
    const step = Array.isArray(data) ? Number(key) : key;
    return arraysForFields(child(schema, data, step), value, [...path, step]);
  });
}

function issuesOf(schema: Parts, data: unknown, path: PropertyKey[]): Fault[] {
  const { issues = [] } = v.safeParse(schema as unknown as Schema, data);
  return issues.flatMap((issue): Fault[] => {
    const inner = (issue.path ?? []).map(({ key }) => key as PropertyKey);
    const place = [...path, ...inner];
    const [last] = inner.slice(-1);
    const holder = inner.slice(0, -1);
    if (issue.type === 'strict_object' && issue.expected === 'never') {
      const expected = `one of ${alternatives(at(schema, data, holder), within(data, holder))
        .flatMap(fieldsOf)
        .join(', ')}`;
      return [{ path: place, kind: 'unknown', given: issue.input, expected }];
    }
    if (issue.type === 'strict_object' && issue.received === 'undefined' && last !== undefined)
      return [{ path: place, kind: 'missing', given: undefined, expected: messageOf(at(schema, data, inner)) }];
    const branches = issue.type === 'union' ? optionsOf(at(schema, data, inner)) : [];
    const meant = branches.map((branch) => issuesOf(branch, issue.input, place)).reduce(nearer, []);
    const isInside = meant.some((fault) => fault.path.length > place.length);
    return isInside
      ? meant
      : [
          {
            path: place,
            kind: issue.input === undefined ? 'missing' : 'wrong',
            given: issue.input,
            expected: issue.message,
          },
        ];
  });
}

/** Of what two branches of a union find fault with: the branch that the data fits best is the one that was meant. */
function nearer(best: Fault[], other: Fault[]): Fault[] {
  const shallow = (faults: Fault[]): number => Math.min(...faults.map(({ path }) => path.length));
  if (best.length === 0 || shallow(other) > shallow(best)) return other;
  return shallow(other) === shallow(best) && other.length < best.length ? other : best;
}

function at(schema: unknown, data: unknown, path: PropertyKey[]): unknown {
  let [here, value] = [schema, data];
  for (const key of path) {
    here = child(here, value, key);
    value = within(value, [key]);
  }
  return here;
}

function within(data: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (isParts(value) ? value[String(key)] : undefined), data);
}

function child(schema: unknown, data: unknown, key: PropertyKey): unknown {
  for (const option of alternatives(schema, data)) {
    if (option.type === 'record') return option.value;
    if (option.type === 'array' && typeof key === 'number') return option.item;
    if (isParts(option.entries) && Object.hasOwn(option.entries, key)) return option.entries[String(key)];
  }
  return undefined;
}

/** What the data may be: the branches of unions, of a variant the one that the data names. */
function alternatives(schema: unknown, data: unknown): Parts[] {
  const opened = unwrapped(schema);
  if (opened === undefined) return [];
  if (opened.type === 'union') return optionsOf(opened).flatMap((option) => alternatives(option, data));
  if (opened.type === 'variant') {
    const name = String(opened.key);
    const named = optionsOf(opened).filter(({ entries }) => {
      const literal = isParts(entries) ? entries[name] : undefined;
      return isParts(literal) && isParts(data) && literal.literal === data[name];
    });
    return named.length > 0 ? named : optionsOf(opened);
  }
  return [opened];
}

function optionsOf(schema: unknown): Parts[] {
  const options = unwrapped(schema)?.options;
  return Array.isArray(options) ? options.filter(isParts) : [];
}

function unwrapped(schema: unknown): Parts | undefined {
  if (!isParts(schema)) return undefined;
  return schema.type === 'optional' ? unwrapped(schema.wrapped) : schema;
}

function messageOf(schema: unknown): string {
  const message = unwrapped(schema)?.message;
  return typeof message === 'string' ? message : 'a value';
}

const holdsFields = ({ type }: Parts): boolean => type === 'strict_object' || type === 'record';

function fieldsOf({ entries }: Parts): string[] {
  return isParts(entries) ? Object.keys(entries) : [];
}

function isParts(value: unknown): value is Parts {
  return typeof value === 'object' && value !== null;
}

/** `codes."127.0.0.2".severity`, `servers[0]`; empty for the whole. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`;
      const name = /^[\w-]+$/.test(String(key)) ? String(key) : quoted(String(key));
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}

/** `PATH: got VALUE; expected WHAT`. `given` says the value; without it, it is not told. */
export function faultText({ path, kind, expected, given }: Fault, show: (given: unknown) => string = quoted): string {
  const place = path.length === 0 ? '' : `${pathText(path)}: `;
  if (kind === 'unknown') return `${place}no such field; expected ${expected}`;
  return `${place}${kind === 'missing' ? 'missing' : `got ${show(given)}`}; expected ${expected}`;
}
