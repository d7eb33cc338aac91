// What the runtime calls to log: a level, fields and constant text.
import type { ObjectLine } from '../text/json-object.ts';
import { levels, type Fields, type Level, type LogRecord } from '../text/log-line.ts';

type Said = [message: string] | [fields: Fields, message: string];

export class Logger {
  /** What is less than this is not written. */
  level: Level = 'info';
  readonly #write: (record: LogRecord) => void;
  readonly #date: () => string;

  /** @param date the time of day, as ISO 8601 */
  constructor(write: (record: LogRecord) => void, date: () => string) {
    this.#write = write;
    this.#date = date;
  }

  debug(...said: Said): void {
    this.#log('debug', said);
  }

  info(...said: Said): void {
    this.#log('info', said);
  }

  warn(...said: Said): void {
    this.#log('warn', said);
  }

  error(...said: Said): void {
    this.#log('error', said);
  }

  fatal(...said: Said): void {
    this.#log('fatal', said);
  }

  /** What the application writes is its own log, and no level of the runtime holds it back. */
  output(level: Level, fields: Fields, message: string): void {
    this.#write({ level, time: this.#date(), fields, message });
  }

  /** A line of the application that is an object of JSON, with level and time of its own. */
  object(object: ObjectLine, fields: Fields, line: string): void {
    this.#write({ level: 'info', time: this.#date(), fields, message: line, object });
  }

  #log(level: Level, said: Said): void {
    if (levels.indexOf(level) < levels.indexOf(this.level)) return;
    const [fields, message] = said.length === 1 ? [{}, said[0]] : said;
    this.#write({ level, time: this.#date(), fields, message });
  }
}
