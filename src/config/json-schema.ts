import { toJsonSchema } from '@valibot/to-json-schema';
import { catalogueSchema } from '../catalogue/schema.ts';
import { digestSchema } from '../notify/digest/schema.ts';
import { auditSchema } from '../output/audit-schema.ts';
import { delistSchema } from '../output/delisting-schema.ts';
import { changesSchema, historySchema, momentSchema } from '../output/history-schema.ts';
import { listsSchema } from '../output/list-schema.ts';
import { scansSchema } from '../output/scans-schema.ts';
import { outputSchema } from '../output/schema.ts';
import { configSchema } from './schema.ts';

const SCHEMAS = {
  config: configSchema,
  catalogue: catalogueSchema,
  output: outputSchema,
  history: historySchema,
  'history-changes': changesSchema,
  'history-at': momentSchema,
  delist: delistSchema,
  audit: auditSchema,
  digest: digestSchema,
  scans: scansSchema,
  lists: listsSchema,
};

export type SchemaName = keyof typeof SCHEMAS;
export const SCHEMA_NAMES = Object.keys(SCHEMAS) as SchemaName[];

/** JSON schema of a file that is read, or of what a command prints with `--format json`. */
export function jsonSchemaOf(what: SchemaName): Record<string, unknown> {
  // What JSON schema cannot say (a duration, a server) stays in the description.
  return { ...toJsonSchema(SCHEMAS[what], { errorMode: 'ignore', typeMode: 'input' }) };
}
