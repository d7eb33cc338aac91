// The CustomResourceDefinition, from the schema and the rules.
import { z } from 'zod';
import { group, kind, plural, specSchema, statusSchema, version } from './appserver.ts';
import * as names from './names.ts';
import { resourceRules, specRules, type Rule } from './rules.ts';

export interface JsonSchema {
  [key: string]: unknown;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
}

/** Metadata of ours and parts of JSON Schema that a structural schema does not know, or that is written anew below. */
const foreign = new Set(['$schema', 'additionalProperties', 'fieldClass', 'propertyNames', 'anyOf', 'properties']);

/** JSON Schema with our metadata still in it; the reference is made from this. */
export function describedSchema(schema: z.ZodType): JsonSchema {
  const made: unknown = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' });
  if (!isSchema(made)) throw new TypeError('zod made no schema');
  return made;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null;
}

/** The two forms that a field with a number or a text has, as the API server knows them. */
function intOrString(forms: readonly unknown[]): JsonSchema {
  const of = (type: string): JsonSchema => forms.filter(isSchema).find((one) => one['type'] === type) ?? {};
  const { minimum, maximum } = of('integer');
  const text = of('string');
  const words: unknown = text['enum'];
  return {
    'x-kubernetes-int-or-string': true,
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
    pattern: Array.isArray(words) ? `^(${words.join('|')})$` : text['pattern'],
    maxLength: text['maxLength'] ?? 32,
  };
}

/** Without its own default and those of what is in it. */
function withoutDefaults(schema: JsonSchema): JsonSchema {
  const { properties, items, ...rest } = schema;
  const kept: JsonSchema = Object.fromEntries(Object.entries(rest).filter(([key]) => key !== 'default'));
  if (items !== undefined) kept.items = withoutDefaults(items);
  if (properties !== undefined) {
    kept.properties = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, withoutDefaults(one)]));
  }
  return kept;
}

/**
 * A number or a text: a structural schema has no type for that but of whole numbers, so it has none. What else is
 * written there is found when the operator reads it.
 */
function numberOrString(forms: readonly unknown[]): JsonSchema {
  const of = (type: string): JsonSchema => forms.filter(isSchema).find((one) => one['type'] === type) ?? {};
  const { minimum, maximum } = of('number');
  const { pattern, maxLength } = of('string');
  return { 'x-kubernetes-preserve-unknown-fields': true, minimum, maximum, pattern, maxLength };
}

const hasNumber = (forms: readonly unknown[]): boolean =>
  forms.filter(isSchema).some((one) => one['type'] === 'number');

/** In the form in which the API server stores it: nothing empty, as that would be gone when it is read back. */
function structural(schema: JsonSchema): JsonSchema {
  const kept: JsonSchema = Object.fromEntries(Object.entries(schema).filter(([key]) => !foreign.has(key)));
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length > 0) {
    kept.properties = Object.fromEntries(properties.map(([name, one]) => [name, structural(one)]));
  }
  // Clients compare a list of a custom resource as one value, so a default in an item would be a difference for ever between
  // what was applied and what is stored. The operator fills it in when it reads the resource.
  if (schema.items !== undefined) kept.items = structural(withoutDefaults(schema.items));
  const open = schema['additionalProperties'];
  if (isSchema(open)) {
    if (Object.keys(open).length === 0) {
      // A loose object: what it holds besides is for the API server to check in the pod template.
      kept['x-kubernetes-preserve-unknown-fields'] = true;
    } else {
      kept['additionalProperties'] = structural(open);
      kept['maxProperties'] ??= 64;
    }
  } else if (open === true) {
    kept['x-kubernetes-preserve-unknown-fields'] = true;
  }
  const forms: unknown = schema['anyOf'];
  if (!Array.isArray(forms)) return kept;
  return { ...kept, ...(hasNumber(forms) ? numberOrString(forms) : intOrString(forms)) };
}

function withRules(schema: JsonSchema, rules: readonly Rule[]): JsonSchema {
  return { ...schema, 'x-kubernetes-validations': rules.map((rule) => ({ ...rule, reason: 'FieldValueInvalid' })) };
}

const column = (name: string, type: string, jsonPath: string, description: string): object => ({
  name,
  type,
  jsonPath,
  description,
});
/** Of `kubectl get -o wide` alone. */
const wide = (...of: Parameters<typeof column>): object => ({ ...column(...of), priority: 1 });

const readyCondition = '.status.conditions[?(@.type=="Ready")]';

const columns = [
  column('Ready', 'string', '.status.summary.pods', 'Ready and desired pods.'),
  column('Workers', 'string', '.status.summary.workers', 'Ready and desired workers.'),
  column('Reason', 'string', `${readyCondition}.reason`, 'Why the AppServer is ready or not.'),
  column('Age', 'date', '.metadata.creationTimestamp', 'Time since the AppServer was created.'),
  wide('Restarts', 'integer', '.status.workers.restarts', 'Workers that exited unexpectedly.'),
  wide('Image', 'string', '.spec.image', 'Image of the application.'),
  wide('URL', 'string', '.status.url', 'URL of the application inside the cluster.'),
  wide('Message', 'string', `${readyCondition}.message`, 'What is wrong, and what to do about it.'),
];

/** @param operatorVersion that it belongs to: an installation must not find an older one */
export function customResourceDefinition(operatorVersion: string): object {
  const schema = withRules(
    {
      type: 'object',
      description: 'A Python or Node web application, run by supervised worker processes in highly available pods.',
      required: ['spec'],
      properties: {
        apiVersion: { type: 'string', description: `Group and version of the resource: ${group}/${version}.` },
        kind: { type: 'string', description: `Kind of the resource: ${kind}.` },
        // The name's length and form are checked by a rule of the resource.
        metadata: { type: 'object' },
        spec: {
          description: 'Desired state of the AppServer.',
          ...withRules(structural(describedSchema(specSchema)), specRules),
        },
        // Behind every generation, until the operator reports one. Clients that go by kstatus take a resource without a status
        // for finished.
        status: {
          description: 'Observed state of the AppServer.',
          ...structural(describedSchema(statusSchema)),
          default: { observedGeneration: 0 },
        },
      },
    },
    resourceRules,
  );
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, annotations: { [names.versionAnnotation]: operatorVersion } },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: ['as'],
        categories: ['all'],
      },
      conversion: { strategy: 'None' },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  };
}
