// Which fields of the spec decide what runs in pods: read from the schema, so that a new field is never forgotten.
import { specSchema } from '../../api/appserver.ts';
import { describedSchema, type JsonSchema } from '../../api/crd.ts';

const reachesPods = (schema: JsonSchema): boolean =>
  schema['fieldClass'] === 'roll' ||
  schema['fieldClass'] === 'live' ||
  Object.values(schema.properties ?? {}).some(reachesPods);

/** Fields directly below spec of which some part reaches running or new pods. */
export function fieldsOfPods(): string[] {
  return Object.entries(describedSchema(specSchema).properties ?? {})
    .filter(([, schema]) => reachesPods(schema))
    .map(([name]) => name);
}
