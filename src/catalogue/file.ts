import * as v from 'valibot';
import { UserError } from '../errors.ts';
import type { ListDefinition } from './list.ts';
import { isFlat } from './resolve.ts';
import { CONTROLS, listSchema } from './schema.ts';

const fileSchema = v.strictObject(
  { lists: v.array(v.looseObject({}, 'a list with at least id, zone and accepts'), 'a list of lists') },
  'lists: followed by the lists',
);

/** Fields that must be there, and what they must be. */
const REQUIRED: Record<string, string> = {
  id: 'an id',
  zone: 'a zone such as bl.example.org',
  accepts: 'a list of ipv4, ipv6, domain',
  label: 'a short name of the code',
  why: 'the reason for which the list is retired',
  lists: 'a list of lists',
};

/**
 * The lists of a catalogue file, checked. The first fault is thrown as
 * `catalogue FILE: list "ID": PATH: got VALUE; expected WHAT`.
 */
export function readDefinitions(file: string, data: unknown): ListDefinition[] {
  const outer = v.safeParse(fileSchema, data, { abortEarly: true });
  if (!outer.success) throw fault(file, null, outer.issues[0]);
  const lists = outer.output.lists.map((raw, index) => {
    const name = typeof raw.id === 'string' ? JSON.stringify(cut(raw.id)) : `${index + 1}`;
    checkObjects(file, name, raw);
    const inner = v.safeParse(listSchema, raw, { abortEarly: true });
    if (!inner.success) throw fault(file, name, inner.issues[0]);
    const list = inner.output as ListDefinition;
    checkControl(file, name, list);
    return list;
  });
  const seen = new Set<string>();
  for (const list of lists) {
    if (seen.has(list.id))
      throw new UserError(`catalogue ${file}: list "${list.id}": id: given twice; expected each id once`);
    seen.add(list.id);
  }
  return lists;
}

/** Fields that hold fields; valibot takes an array for an object without any. */
const OBJECTS = ['codes', 'control', 'limits', 'status', 'access', 'delisting'];

function checkObjects(file: string, name: string, raw: Record<string, unknown>): void {
  const field = OBJECTS.find((key) => Array.isArray(raw[key]));
  if (field === undefined) return;
  const where = `catalogue ${file}: list ${name}: ${field}`;
  throw new UserError(`${where}: got ${shownValue(raw[field])}; expected fields, not an array`);
}

function checkControl(file: string, name: string, list: ListDefinition): void {
  const kinds = list.accepts.join(', ');
  const where = `catalogue ${file}: list ${name}: control: got ${shownValue(list.control)}`;
  if (!flatControlFits(list))
    throw new UserError(`${where}; expected controls by kind (${kinds}), for the list takes several`);
  if (!controlsOfKind(list))
    throw new UserError(`${where}; expected controls of the kinds that the list takes (${kinds})`);
}

type Issue = v.BaseIssue<unknown>;

/** Longest piece of the user's file that is quoted back. */
const SHOWN_LENGTH = 80;

/** A union reports all that each of its options found: the deepest of it is what the user meant. */
function deepest(issue: Issue, path: readonly PropertyKey[]): { issue: Issue; path: PropertyKey[] } {
  const here = { issue, path: [...path, ...(issue.path ?? []).map((part) => part.key as PropertyKey)] };
  return (issue.issues ?? [])
    .map((inner) => deepest(inner, here.path))
    .reduce((best, other) => (other.path.length > best.path.length ? other : best), here);
}

function fault(file: string, list: string | null, outermost: Issue): UserError {
  const { issue, path } = deepest(outermost, []);
  const where = [`catalogue ${file}`, list === null ? null : `list ${list}`, pathText(path)].filter(Boolean).join(': ');
  const last = path.at(-1);
  const unknownKey = issue.type === 'strict_object' && issue.expected === 'never';
  if (unknownKey)
    return new UserError(
      `${where}: no such field; expected one of ${list === null ? 'lists' : fieldsAt(path.slice(0, -1))}`,
    );
  if (issue.type === 'strict_object' && issue.received === 'undefined' && last !== undefined) {
    return new UserError(`${where}: missing; expected ${REQUIRED[String(last)] ?? 'a value'}`);
  }
  return new UserError(`${where}: got ${shownValue(issue.input)}; expected ${issue.message}`);
}
/** Checks between fields, after each is right by itself. */
function flatControlFits(list: ListDefinition): boolean {
  return list.control === undefined || !isFlat(list.control) || list.accepts.length === 1;
}

function controlsOfKind(list: ListDefinition): boolean {
  if (list.control === undefined) return true;
  if (isFlat(list.control)) {
    const [kind] = list.accepts;
    return list.accepts.length !== 1 || kind === undefined || v.is(CONTROLS[kind], list.control);
  }
  return true;
}

/** The fields that may stand where an unknown one was found: `path` leads to the object that holds it. */
function fieldsAt(path: readonly PropertyKey[]): string {
  let schema: unknown = listSchema;
  for (const key of path) schema = child(schema, String(key));
  return unwrapped(schema).flatMap(fieldsOf).join(', ');
}

function child(schema: unknown, key: string): unknown {
  for (const option of unwrapped(schema)) {
    if (isRecord(option) && option.type === 'record') return option.value;
    if (isRecord(option) && isRecord(option.entries) && key in option.entries) return option.entries[key];
  }
  return undefined;
}

/** What valibot wraps (`optional`, `union`) opened; its schemas are plain objects. */
function unwrapped(schema: unknown): unknown[] {
  if (!isRecord(schema)) return [];
  if (schema.type === 'optional') return unwrapped(schema.wrapped);
  return Array.isArray(schema.options) && schema.type === 'union' ? schema.options.flatMap(unwrapped) : [schema];
}

function fieldsOf(schema: unknown): string[] {
  return isRecord(schema) && isRecord(schema.entries) ? Object.keys(schema.entries) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** `codes."127.0.0.2".severity`, `servers[0]`. */
function pathText(path: readonly PropertyKey[]): string | null {
  const parts = path.map((key, index) => {
    if (typeof key === 'number') return `[${key}]`;
    const name = /^[\w-]+$/.test(String(key)) ? String(key) : JSON.stringify(cut(String(key)));
    return index === 0 ? name : `.${name}`;
  });
  return parts.length === 0 ? null : parts.join('');
}

function shownValue(value: unknown): string {
  return value === undefined ? 'nothing' : cut(JSON.stringify(value) ?? String(value));
}

function cut(text: string): string {
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}…`;
}
