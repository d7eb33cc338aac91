// A log record as one line of JSON, in the order that pino made familiar: level, time, fields, msg.
import { errorFields } from './error-fields.ts';
import type { ObjectLine } from './json-object.ts';
import { jsonText } from './json-text.ts';

export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type Level = (typeof levels)[number];

export type Fields = Readonly<Record<string, unknown>>;

export interface LogRecord {
  readonly level: Level;
  /** In ISO 8601 with milliseconds, in UTC. */
  readonly time: string;
  readonly fields: Fields;
  readonly message: string;
  /** Where the message is itself an object of JSON, which the application wrote. Its own level and time count then. */
  readonly object?: ObjectLine;
}

export interface JsonField {
  readonly name: string;
  readonly value: unknown;
  /** The value as JSON. */
  readonly text: string;
}

/** The fields that JSON can say, in their order. The error in `err` is spelled out. */
export function jsonFields(fields: Fields): JsonField[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const text = jsonText(name === 'err' ? errorFields(value) : value);
    return text === undefined ? [] : [{ name, value, text }];
  });
}

/** As the inside of a JSON object. */
export function joined(fields: readonly JsonField[]): string {
  return fields.map(({ name, text }) => `${JSON.stringify(name)}:${text}`).join(',');
}

export function logLine({ level, time, fields, message }: LogRecord): string {
  const own = joined(jsonFields(fields));
  return `{"level":"${level}","time":"${time}",${own}${own === '' ? '' : ','}"msg":${JSON.stringify(message)}}\n`;
}
