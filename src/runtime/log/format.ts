// The supervisor's log in the format that was asked for.
import type { LogFormat } from '../config/config.ts';
import { ecsLine } from '../text/ecs-line.ts';
import { logLine, type LogRecord } from '../text/log-line.ts';
import { prettyLine, type Palette } from '../text/pretty-line.ts';
import { isJson, passedOnAsEcs, passedOnAsJson, readable } from './application-json.ts';

/** @returns what makes a line, with its newline, of a record */
export function formatter(format: LogFormat, palette: Palette): (record: LogRecord) => string {
  switch (format) {
    case 'json':
      return (record) => (isJson(record) ? passedOnAsJson(record) : logLine(record));
    case 'ecs':
      return (record) => (isJson(record) ? passedOnAsEcs(record) : ecsLine(record));
    case 'text':
      return (record) => prettyLine(isJson(record) ? readable(record) : record, palette);
  }
}
