import { UserError } from './errors.ts';

/**
 * YAML (1.2 core schema: a date stays a text) or JSON to plain data; null for an empty text. js-yaml is loaded only
 * where the text is no JSON: it takes longer than a check.
 */
export async function parseDocument(text: string, where: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    const { loadAll, YAMLException } = await import('js-yaml');
    try {
      const documents = loadAll(text);
      if (documents.length > 1) throw new UserError(`${where}: ${documents.length} documents in it; expected one`);
      const [document = null] = documents;
      if (holdsItself(document)) throw new UserError(`${where}: an alias (*) within what it stands for`);
      return document;
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      const line = error.mark === undefined ? '' : ` at line ${error.mark.line + 1}, column ${error.mark.column + 1}`;
      throw new UserError(`${where}${line}: neither YAML nor JSON: ${withoutQuote(error.reason)}`);
    }
  }
}

/** A password that begins as an alias or a tag does must not be quoted: `*secret`, `!secret`. */
function withoutQuote(reason: string): string {
  if (!/\b(alias|tag)\b/.test(reason)) return reason;
  return `${reason.replace(/:? *["!].*$/s, '')}; a text that begins with * or ! must stand in quotes`;
}

/** YAML can write data that no message could show. */
function holdsItself(value: unknown, within: ReadonlySet<unknown> = new Set()): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (within.has(value)) return true;
  const deeper = new Set([...within, value]);
  return Object.values(value).some((inner) => holdsItself(inner, deeper));
}
