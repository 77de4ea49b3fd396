import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { UserError } from '../errors.ts';
import { parseDocument } from '../yaml.ts';
import { notifyKeys } from './channels.ts';
import { type ConfigFile, configSchema } from './schema.ts';

/** Reads a configuration file, YAML or JSON. Every fault is named with its path; values are shown, except keys. */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      `configuration ${file}: ${code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`}`,
    );
  }
  return validate(await parseDocument(text, `configuration ${file}`), `configuration ${file}`);
}

function validate(document: unknown, where: string): ConfigFile {
  if (document === null || document === undefined) return {};
  // valibot takes an array for an object.
  if (Array.isArray(document)) throw new UserError(`${where}: expected an object, got ${shown(document)}`);
  const parsed = v.safeParse(configSchema, document);
  if (parsed.success) return parsed.output;
  const faults = parsed.issues.map((issue) => faultOf(issue));
  throw new UserError(faults.map((fault) => `${where}: ${fault}`).join('\n'));
}

/** Where a secret may stand: what was given is not shown. */
const SECRET = new Set(['keys', 'database', 'channels']);

function faultOf(issue: v.BaseIssue<unknown>): string {
  const deepest = deepestOf(issue);
  const path = (deepest.path ?? []).map(({ key }) => String(key));
  const place = path.length === 0 ? '' : `${path.join('.')}: `;
  if (deepest.type === 'strict_object' && deepest.expected === 'never') {
    const known = knownKeys(path.slice(0, -1), deepest.path?.at(-1)?.input);
    return `${place}unknown key${known.length > 0 ? `, expected ${known.join(', ')}` : ''}`;
  }
  const given = SECRET.has(path[0] ?? '') ? 'something else' : shown(deepest.input);
  const expected = path.length === 0 ? 'expected an object' : deepest.message;
  return `${place}${expected}, got ${given}`;
}

/** Of a union's branches the one that got furthest, for its message says most. */
function deepestOf(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown> {
  const inner = (issue.issues ?? []).map(deepestOf).filter(({ path }) => (path ?? []).length > 0);
  const best = inner[0];
  if (best?.path === undefined) return issue;
  return {
    ...best,
    path: [...(issue.path ?? []), ...best.path] as v.BaseIssue<unknown>['path'],
  } as v.BaseIssue<unknown>;
}

function knownKeys(path: string[], object: unknown): string[] {
  if (path.length === 0) return Object.keys(configSchema.entries);
  if (path[0] === 'confirm') return ['listed', 'delisted', 'spacing'];
  if (path[0] === 'retention') return ['coverage', 'evidence'];
  if (path[0] === 'limits') return ['perSecond', 'perDay'];
  return notifyKeys(path[0] ?? '', (object as { type?: unknown }).type);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
