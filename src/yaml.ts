import { UserError } from './errors.ts';

/** YAML or JSON to plain data; null for an empty text. js-yaml is loaded only where the text is no JSON: it takes longer than a check. */
export async function parseDocument(text: string, where: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    const { loadAll, YAMLException } = await import('js-yaml');
    try {
      const documents = loadAll(text);
      if (documents.length > 1) throw new UserError(`${where}: ${documents.length} documents in it; expected one`);
      return documents[0] ?? null;
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      const line = error.mark === undefined ? '' : ` at line ${error.mark.line + 1}, column ${error.mark.column + 1}`;
      throw new UserError(`${where}${line}: neither YAML nor JSON: ${error.reason}`);
    }
  }
}
