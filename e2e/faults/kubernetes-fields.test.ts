// Every field of the children, as the API server's own schemas have them, is one that an AppServer has or one that is excluded
// with a reason; and what an AppServer has is taken by the API server, in the AppServer and in the child.
import { KubeConfig } from '@kubernetes/client-node';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { load } from 'js-yaml';
import { kubernetesFields, type KubernetesField } from '../../src/api/kubernetes-fields.ts';
import { KubeClient, path, type KubeObject } from '../../src/kube/index.ts';
import { appServerType, childTypes } from '../../src/operator/model/kinds.ts';
import { definitions, definitionsDir, ensureDefinitions } from '../../scripts/definitions.ts';
import { childrenIn, facts } from '../../test/builders.ts';
import { appServerWith, specWith } from '../../test/kubernetes-fields.ts';

type Kind = keyof typeof kubernetesFields;

interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const config = new KubeConfig();
config.loadFromDefault();
const client = new KubeClient(config);

/** Schemas of a group and version by their names, as the API server publishes them. */
async function schemasOf(apiVersion: string): Promise<Readonly<Record<string, Schema>>> {
  const group = apiVersion.includes('/') ? `apis/${apiVersion}` : `api/${apiVersion}`;
  const document = await client.json({ method: 'GET', path: `/openapi/v3/${group}` });
  return (document as { components: { schemas: Record<string, Schema> } }).components.schemas;
}

function routeSchema(): Schema {
  const file = readFileSync(join(definitionsDir, definitions.HTTPRoute.file), 'utf8');
  const { spec } = load(file) as { spec: { versions: { name: string; schema: { openAPIV3Schema: Schema } }[] } };
  const schema = spec.versions.find(({ name }) => name === 'v1')?.schema.openAPIV3Schema;
  assert.ok(schema);
  return schema;
}

/** What the API server itself writes, and what every object has. */
const ofEveryObject = new Set(['apiVersion', 'kind', 'metadata', 'status']);

class Walk {
  readonly #schemas: Readonly<Record<string, Schema>>;
  readonly #known: ReadonlySet<string>;
  readonly missing: string[] = [];
  readonly met = new Set<string>();

  constructor(schemas: Readonly<Record<string, Schema>>, fields: readonly KubernetesField[]) {
    this.#schemas = schemas;
    this.#known = new Set(fields.map((one) => one.path));
  }

  #resolved(schema: Schema): Schema {
    const [only = schema] = schema.allOf ?? [];
    const name = only.$ref?.split('/').at(-1);
    return name === undefined ? only : (this.#schemas[name] ?? {});
  }

  look(given: Schema, at: string): void {
    const schema = this.#resolved(given);
    if (this.#known.has(at)) {
      this.met.add(at);
      return;
    }
    const inside = Object.entries(schema.properties ?? {});
    for (const [name, field] of inside) {
      if (at !== '' || !ofEveryObject.has(name)) this.look(field, at === '' ? name : `${at}.${name}`);
    }
    if (schema.items !== undefined) this.look(schema.items, `${at}[]`);
    if (inside.length === 0 && schema.items === undefined) this.missing.push(at);
  }
}

async function walked(kind: Kind): Promise<Walk> {
  const { apiVersion } = childTypes[kind];
  const schemas = kind === 'HTTPRoute' ? {} : await schemasOf(apiVersion);
  const [, root] = Object.entries(schemas).find(([name]) => name.split('.').at(-1) === kind) ?? [];
  const walk = new Walk(schemas, kubernetesFields[kind]);
  walk.look(kind === 'HTTPRoute' ? routeSchema() : (root ?? {}), '');
  return walk;
}

async function dryRun(object: KubeObject, at: string): Promise<void> {
  const query = { dryRun: 'All', fieldValidation: 'Strict' };
  await client.json({ method: 'POST', path: at, query, body: object });
}

describe("Kubernetes' fields", () => {
  before(ensureDefinitions);

  for (const kind of Object.keys(kubernetesFields) as Kind[]) {
    test(`of ${kind} are in an AppServer, or excluded with a reason`, async () => {
      const { missing, met } = await walked(kind);
      assert.deepEqual(missing, []);
      const named = kubernetesFields[kind].map((one) => one.path).filter((one) => !one.startsWith('metadata.'));
      assert.deepEqual(
        named.filter((one) => !met.has(one)),
        [],
        'the API server knows all that are named',
      );
    });

    for (const one of kubernetesFields[kind]) {
      if (!('field' in one)) continue;
      test(`spec.${one.field} is taken by the API server, and so is ${one.path} of the ${kind}`, async () => {
        const { apiVersion, metadata, spec, ...rest } = appServerWith(one);
        const at = { name: metadata.name, namespace: 'default' };
        const { image, app } = spec;
        await dryRun(
          { ...rest, apiVersion, metadata: at, spec: { image, app, ...specWith(one) } },
          path(appServerType, 'default'),
        );
        // Its definition is not there.
        if (kind === 'HTTPRoute') return;
        const child = childrenIn(facts({ app: appServerWith(one) })).find((found) => found.kind === kind);
        assert.ok(child);
        await dryRun(
          { ...child, metadata: { ...child.metadata, namespace: 'default' } },
          path(childTypes[kind], 'default'),
        );
      });
    }
  }
});
