// What kustomize is told of AppServers, beside the schema. That it does as it is told: e2e/manifests/kustomize.test.ts.
import assert from 'node:assert/strict';
import { load } from 'js-yaml';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { kustomizeConfigurations } from '../scripts/kustomize.ts';
import { specSchema } from '../src/api/appserver.ts';
import { describedSchema, type JsonSchema } from '../src/api/crd.ts';

/** Every field that is no object, by its path; items of lists have that of their list, as in kustomize. */
function fields(schema: JsonSchema, path: string): string[] {
  const below = Object.entries(schema.properties ?? {});
  return [
    ...below.filter(([, one]) => one.properties === undefined).map(([name]) => `${path}/${name}`),
    ...below.flatMap(([name, one]) => fields(one, `${path}/${name}`)),
    ...(schema.items === undefined ? [] : fields(schema.items, path)),
  ];
}

const fieldSpecs = z.array(z.object({ kind: z.string(), path: z.string() }));
const configuration = z
  .object({
    images: fieldSpecs,
    replicas: fieldSpecs,
    nameReference: z.array(z.object({ kind: z.string(), fieldSpecs })),
  })
  .parse(load(kustomizeConfigurations('')['kustomize/applications/configuration.yaml'] ?? ''));

const all = fields(describedSchema(specSchema), 'spec');
const named = configuration.nameReference.flatMap((one) => one.fieldSpecs.map(({ path }) => path));

const rules: Record<string, [what: RegExp, known: readonly string[]]> = {
  'every image': [/\/image(\/reference)?$/, configuration.images.map(({ path }) => path)],
  'every number of replicas': [/^spec\/replicas$/, configuration.replicas.map(({ path }) => path)],
  'every name of a Secret': [/secretName$/i, named],
  'every name of an account': [/serviceAccountName$/, named],
  'every claim': [/claimName$/, named],
};

describe('kustomize is told of', () => {
  for (const [name, [what, known]] of Object.entries(rules)) {
    test(name, () => {
      const missing = all.filter((path) => what.test(path) && !known.includes(path));
      assert.deepEqual(missing, [], 'add them to scripts/kustomize.ts');
    });
  }
});
