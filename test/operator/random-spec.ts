// Random specs from the schema that the API server itself has: mostly such as it takes, and some that it must refuse.
import fc from 'fast-check';
import { describedSchema, type JsonSchema } from '../../src/api/crd.ts';
import { specSchema } from '../../src/api/appserver.ts';

function text(schema: JsonSchema): fc.Arbitrary<string> {
  const { pattern, maxLength } = schema;
  const longest = typeof maxLength === 'number' ? Math.min(maxLength, 24) : 24;
  if (typeof pattern === 'string') {
    return fc.stringMatching(new RegExp(pattern), { maxLength: Math.max(longest, 12) });
  }
  // What a name may be, for the most part, and anything else.
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
  return fc.oneof(
    { arbitrary: name, weight: 9 },
    { arbitrary: fc.string({ minLength: 1, maxLength: longest }), weight: 1 },
  );
}

function integer({ minimum, maximum }: JsonSchema): fc.Arbitrary<number> {
  const min = typeof minimum === 'number' ? Math.max(minimum, -1_000) : 0;
  const max = typeof maximum === 'number' ? Math.min(maximum, 100_000) : 1_000;
  return fc.integer({ min, max: Math.max(min, max) });
}

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null;

function object(schema: JsonSchema): fc.Arbitrary<object> {
  const { properties = {}, required } = schema;
  const needed = Array.isArray(required) ? required.map(String) : [];
  const fields = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, valueOf(one)]));
  const open = schema['additionalProperties'];
  if (Object.keys(fields).length === 0 && isSchema(open) && Object.keys(open).length > 0) {
    return fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), valueOf(open), { maxKeys: 3 });
  }
  // Few of the optional ones: with all of them nearly every spec would break some rule.
  const others = Object.keys(fields).filter((name) => !needed.includes(name));
  const some = fc.subarray(others, { maxLength: Math.min(3, others.length) });
  return some.chain((optional) =>
    fc.record(
      Object.fromEntries([...needed, ...optional].flatMap((name) => (fields[name] ? [[name, fields[name]]] : []))),
    ),
  );
}

function valueOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...schema['enum'].map(String));
  if (Array.isArray(schema['anyOf'])) return fc.oneof(...schema['anyOf'].filter(isSchema).map(valueOf));
  switch (schema['type']) {
    case 'string':
      return text(schema);
    case 'integer':
    case 'number':
      return integer(schema);
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(valueOf(schema.items ?? {}), { minLength: Number(schema['minItems'] ?? 0), maxLength: 3 });
    default:
      return object(schema);
  }
}

/** A value of another kind in a random place. */
function spoilt(spec: object): fc.Arbitrary<object> {
  const places = Object.keys(spec);
  const values = fc.constantFrom<unknown>(null, -1, 'x'.repeat(5_000), [], {}, true, 1e12);
  return fc
    .tuple(fc.constantFrom(...places), values)
    .map(([place, value]) => Object.assign({}, spec, { [place]: value }));
}

/** Exactly one kind of application, which is a rule and not in the schema. */
const app = fc.constantFrom<object>(
  { wsgi: 'shop.wsgi:application' },
  { asgi: 'shop.asgi:app' },
  { node: 'server.js' },
  { command: '/srv/shop' },
);

export const randomSpec: fc.Arbitrary<object> = fc
  .tuple(object(describedSchema(specSchema)), fc.option(app, { freq: 10 }))
  .map(([spec, kind]) => Object.assign({}, spec, kind === null ? {} : { app: kind }))
  .chain((spec) => fc.oneof({ arbitrary: fc.constant(spec), weight: 4 }, { arbitrary: spoilt(spec), weight: 1 }));
