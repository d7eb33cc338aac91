// The level that a line of text says, in the forms that servers and logging libraries write.
import type { Level } from '../text/log-line.ts';

const levels: Readonly<Record<string, Level>> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  VERBOSE: 'debug',
  INFO: 'info',
  NOTICE: 'info',
  WARN: 'warn',
  WARNING: 'warn',
  ERROR: 'error',
  CRITICAL: 'fatal',
  FATAL: 'fatal',
};

const word = '(TRACE|DEBUG|VERBOSE|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)';
const stamp = String.raw`[[(]?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,+:Z -]*[\])]?`;

const patterns: readonly RegExp[] = [
  // Python's own format and uvicorn's: ERROR:root:text, INFO:     text. The common one: ERROR text, [ERROR] text.
  new RegExp(`^${word}(?::|\\s+-|\\s)`),
  new RegExp(String.raw`^\[${word}\]`),
  // Behind a time, and what else formats put there: [pid], name -, name. gunicorn, Flask, Python's common formats.
  new RegExp(
    String.raw`^${stamp}\s*(?:[-|]\s*)?(?:\[[^\]]{1,40}\]\s*|[\w.]{1,80}\s+[-|]\s+|[\w.]{1,80}:?\s+)?[[(]?${word}(?![\w.])`,
  ),
];
// winston: error: text
const lowerCase = /^(error|warn|info|verbose|debug): /;

/** Only in its beginning is a level looked for. */
const maxPrefix = 200;

/** @returns undefined for a line that says none */
export function levelOf(line: string): Level | undefined {
  const start = line.slice(0, maxPrefix);
  const found = patterns.map((pattern) => pattern.exec(start)?.[1]).find((one) => one !== undefined);
  const name = found ?? lowerCase.exec(start)?.[1]?.toUpperCase();
  return name === undefined ? undefined : levels[name];
}
