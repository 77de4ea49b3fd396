import { toJsonSchema } from '@valibot/to-json-schema';
import { catalogueSchema } from '../catalogue/schema.ts';
import { outputSchema } from '../output/schema.ts';
import { configSchema } from './schema.ts';

const SCHEMAS = { config: configSchema, catalogue: catalogueSchema, output: outputSchema };

/** JSON schema of the configuration, of a catalogue file, or of the JSON that `check` and `scan` print. */
export function jsonSchemaOf(what: keyof typeof SCHEMAS): Record<string, unknown> {
  // What JSON schema cannot say (a duration, a server) stays in the description.
  return { ...toJsonSchema(SCHEMAS[what], { errorMode: 'ignore', typeMode: 'input' }) };
}
