// The supervisor's log in the format that was asked for.
import type { LogFormat } from '../config/config.ts';
import { ecsLine } from '../text/ecs-line.ts';
import { logLine, type LogRecord } from '../text/log-line.ts';
import { prettyLine, type Palette } from '../text/pretty-line.ts';

/** @returns what makes a line, with its newline, of a record */
export function formatter(format: LogFormat, palette: Palette): (record: LogRecord) => string {
  switch (format) {
    case 'json':
      return logLine;
    case 'ecs':
      return ecsLine;
    case 'text':
      return (record) => prettyLine(record, palette);
  }
}
