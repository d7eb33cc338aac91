// Lines of an application that are JSON already: passed on as they are, with the worker or the hook before their fields, or made
// readable.
import { withField, type ObjectLine } from '../text/json-object.ts';
import { levels, type Fields, type Level, type LogRecord } from '../text/log-line.ts';

type JsonRecord = LogRecord & { readonly object: ObjectLine };

export function isJson(record: LogRecord): record is JsonRecord {
  return record.object !== undefined;
}

/**
 * With its newline. What the application itself says of that stands.
 * @param name of the field that says who it was @param value of it as JSON
 */
function passedOn({ object: { names }, message }: JsonRecord, name: string, value: string): string {
  const [parent = ''] = name.split('.');
  // A name with escapes may be any.
  if (names.has(name) || names.has(parent) || names.has('\\')) return `${message}\n`;
  return `${withField(message, `"${name}":${value}`)}\n`;
}

export function passedOnAsJson(record: JsonRecord): string {
  const { worker, hook } = record.fields;
  if (typeof worker === 'number') return passedOn(record, 'worker', String(worker));
  return typeof hook === 'string' ? passedOn(record, 'hook', JSON.stringify(hook)) : `${record.message}\n`;
}

export function passedOnAsEcs(record: JsonRecord): string {
  const { worker, hook } = record.fields;
  if (typeof worker === 'number') return passedOn(record, 'labels.worker', `"${worker}"`);
  return typeof hook === 'string' ? passedOn(record, 'labels.hook', JSON.stringify(hook)) : `${record.message}\n`;
}

/** Names that libraries give to the parts of a record; pino, structlog, python-json-logger, winston, slog, ECS. */
const messageNames = ['msg', 'message', 'event'];
const levelNames = ['level', 'log.level', 'severity', 'levelname'];
const noise = new Set([
  'time',
  'timestamp',
  '@timestamp',
  'asctime',
  'ts',
  'pid',
  'process.pid',
  'hostname',
  'v',
  'ecs.version',
]);
const otherWords: Readonly<Record<string, Level>> = {
  warning: 'warn',
  critical: 'fatal',
  notice: 'info',
  verbose: 'debug',
};

/** A word in any case, or a number of pino's. */
function levelFrom(value: unknown): Level | undefined {
  if (typeof value === 'number') return levels[Math.ceil(value / 10) - 1];
  if (typeof value !== 'string') return undefined;
  const lower = value.toLowerCase();
  return levels.find((level) => level === lower) ?? (Object.hasOwn(otherWords, lower) ? otherWords[lower] : undefined);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** The record that the line tells of, for people: its level, its message, and its fields but for the time, which is ours. */
export function readable(record: JsonRecord): LogRecord {
  const { time, fields: own, message: line } = record;
  const parsed: unknown = JSON.parse(line);
  if (!isFields(parsed)) return record;
  const levelName = levelNames.find((name) => levelFrom(parsed[name]) !== undefined);
  const messageName = messageNames.find((name) => typeof parsed[name] === 'string');
  const rest = Object.entries(parsed).filter(
    ([name]) => name !== levelName && name !== messageName && !noise.has(name) && !Object.hasOwn(own, name),
  );
  const level = (levelName !== undefined && levelFrom(parsed[levelName])) || 'info';
  const message = messageName === undefined ? '' : String(parsed[messageName]);
  return { level, time, fields: { ...own, ...Object.fromEntries(rest) }, message };
}
