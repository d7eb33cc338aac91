// The field reference, from the schema: each field with its type, default, class and meaning.
import { specSchema } from './appserver.ts';
import { describedSchema, type JsonSchema } from './crd.ts';

interface Row {
  readonly path: string;
  readonly type: string;
  readonly preset: string;
  readonly fieldClass: string;
  readonly description: string;
}

const classes: Readonly<Record<string, string>> = {
  live: 'applied to running pods, without a restart',
  roll: 'a new revision: pods are replaced one after the other',
  outside: 'affects no pod',
};

/** A scalar of the schema as text; empty for anything else. */
function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function typeOf(schema: JsonSchema): string {
  if (Array.isArray(schema['anyOf'])) return schema['anyOf'].map(typeOf).join(' or ');
  if (Array.isArray(schema['enum'])) return schema['enum'].map((one) => `\`${text(one)}\``).join(', ');
  const type = text(schema['type'] ?? 'object');
  const { minimum, maximum } = schema;
  if (type === 'integer' && minimum !== undefined && maximum !== undefined)
    return `integer, ${text(minimum)} to ${text(maximum)}`;
  if (text(schema['pattern']).includes('(ms|s|m|h)')) return 'duration, such as `30s`';
  if (type !== 'array') return type;
  const keys = schema['x-kubernetes-list-map-keys'];
  if (Array.isArray(keys)) return `list by ${keys.map((key) => `\`${text(key)}\``).join(' and ')}`;
  return schema['x-kubernetes-list-type'] === 'set' ? 'set' : 'list';
}

function rows(schema: JsonSchema, path: string, required: readonly unknown[]): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]): Row[] => {
    const here = `${path}.${name}`;
    if (field.properties !== undefined && field['fieldClass'] === undefined) {
      return rows(field, here, Array.isArray(field['required']) ? field['required'] : []);
    }
    const preset = field['default'];
    return [
      {
        path: here,
        type: typeOf(field),
        preset: preset === undefined ? (required.includes(name) ? 'required' : '') : `\`${text(preset)}\``,
        fieldClass: text(field['fieldClass']),
        description: text(field['description']),
      },
    ];
  });
}

export function fieldReference(): string {
  const schema = describedSchema(specSchema);
  const table = rows(schema, 'spec', Array.isArray(schema['required']) ? schema['required'] : []);
  return [
    '# Field reference of AppServer',
    '',
    'Generated from the schema by `npm run generate`. The class of a field says what changing it does:',
    '',
    ...Object.entries(classes).map(([name, meaning]) => `- **${name}**: ${meaning}`),
    '',
    '| field | type | default | class | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...table.map((row) => `| \`${row.path}\` | ${row.type} | ${row.preset} | ${row.fieldClass} | ${row.description} |`),
    '',
  ].join('\n');
}
