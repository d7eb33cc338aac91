import type { Readable } from 'node:stream';

/** A longer line is handed on in parts: a worker that never writes a newline must not fill the supervisor's memory. */
const maxLineLength = 16_384;
/** Part of a line of JSON would be no JSON. */
const maxJsonLength = 262_144;

/** Calls `onLine` for each line of `stream` without its newline, also for a last one that lacks it. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  const parts = (text: string): string => {
    let left = text;
    while (left.length > (left.startsWith('{') ? maxJsonLength : maxLineLength)) {
      onLine(left.slice(0, maxLineLength));
      left = left.slice(maxLineLength);
    }
    return left;
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) onLine(parts(line));
    rest = parts(last);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
  stream.on('error', () => {
    /* the process behind it is gone; its exit is reported by itself */
  });
}
