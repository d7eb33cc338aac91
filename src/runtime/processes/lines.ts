import type { Readable } from 'node:stream';

/** A longer line is handed on in parts: a worker that never writes a newline must not fill the supervisor's memory. */
const maxLineLength = 16_384;
/** Part of a line of JSON would be no JSON. */
const maxJsonLength = 262_144;

/** Calls `onLine` for each line of `stream` without its newline, also for a last one that lacks it. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) onLine(line);
    while (rest.length > (rest.startsWith('{') ? maxJsonLength : maxLineLength)) {
      onLine(rest.slice(0, maxLineLength));
      rest = rest.slice(maxLineLength);
    }
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
  stream.on('error', () => {
    /* the process behind it is gone; its exit is reported by itself */
  });
}
