import { readFileSync } from 'node:fs';
import { UserError } from '../errors.ts';
import { quoted } from '../quoted.ts';
import { type Fault, faultText, readBy } from '../schema-fault.ts';
import { whyUnreadable } from '../unreadable.ts';
import { parseDocument } from '../yaml.ts';
import { type ConfigFile, configSchema } from './schema.ts';

/** Reads a configuration file, YAML or JSON. Every fault is named with its path; values are shown, except keys. */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`configuration ${file}: ${whyUnreadable(error)}`);
  }
  return validate(await parseDocument(text, `configuration ${file}`), `configuration ${file}`);
}

function validate(document: unknown, where: string): ConfigFile {
  if (document === null || document === undefined) return {};
  const read = readBy(configSchema, document);
  if (read.faults === null) return read.value;
  throw new UserError(read.faults.map((fault) => `${where}: ${textOf(fault)}`).join('\n'));
}

/** Where a secret may stand: what was given is not shown. */
const SECRET_KEYS = new Set(['keys', 'database']);
const SECRET_FIELDS = new Set(['url', 'server', 'secret', 'token', 'password', 'command']);

function textOf(fault: Fault): string {
  const [key, , field] = fault.path.map(String);
  const secret =
    SECRET_KEYS.has(key ?? '') || (key === 'channels' && (field === undefined || SECRET_FIELDS.has(field)));
  return faultText(fault, secret ? kindOf : shown);
}

/** A key or an address with a password may stand in the wrong place too: of what holds more than one value, and of addresses, only the kind. */
function shown(given: unknown): string {
  if (typeof given === 'object' && given !== null) return kindOf(given);
  return typeof given === 'string' && given.includes('://') ? 'an address' : quoted(given);
}

function kindOf(given: unknown): string {
  if (given === null || given === undefined) return 'nothing';
  if (Array.isArray(given)) return 'an array';
  return (
    { object: 'an object', string: 'a text', number: 'a number', boolean: 'true or false' }[typeof given as string] ??
    'something else'
  );
}
