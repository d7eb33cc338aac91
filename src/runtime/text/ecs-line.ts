// A log record as one line in the Elastic Common Schema.
import { joined, jsonFields, type JsonField, type LogRecord } from './log-line.ts';

const ecsVersion = '9.4.0';

/** Fields that have a name of their own in the schema. */
const known = new Map([
  ['pid', 'process.pid'],
  ['code', 'error.code'],
  ['cause', 'error.message'],
]);

function field(name: string, value: string): JsonField {
  return { name, value, text: JSON.stringify(value) };
}

/** Fields of ours that the schema has no name for are labels, which are strings. */
export function ecsLine({ level, time, fields, message }: LogRecord): string {
  let source = 'runtime';
  const own: JsonField[] = [];
  const labels: JsonField[] = [];
  for (const one of jsonFields(fields)) {
    const name = known.get(one.name);
    if (name !== undefined) own.push({ ...one, name });
    else if (one.name === 'stream') source = String(one.value);
    else labels.push(typeof one.value === 'string' ? one : field(one.name, one.text));
  }
  const line = joined([
    field('ecs.version', ecsVersion),
    field('event.dataset', `appserver.${source}`),
    field('log.level', level),
    field('@timestamp', time),
    ...own,
    field('message', message),
  ]);
  return `{${line}${labels.length === 0 ? '' : `,"labels":{${joined(labels)}}`}}\n`;
}
