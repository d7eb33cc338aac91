// A log record as text for people at a terminal: one line, and the lines of a stack below it.
import { visible } from './control-characters.ts';
import { joined, jsonFields, type JsonField, type Level, type LogRecord } from './log-line.ts';

export type Palette = 'plain' | 'coloured';

type Colour = 'redGround' | 'red' | 'yellow' | 'green' | 'blue' | 'gray' | 'cyan';

/** Numbers of ECMA-48 that begin and end a colour. */
const codes: Readonly<Record<Colour, readonly [number, number]>> = {
  redGround: [41, 49],
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
  blue: [34, 39],
  gray: [90, 39],
  cyan: [36, 39],
};

const levelColours: Readonly<Record<Level, Colour>> = {
  trace: 'gray',
  debug: 'blue',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'redGround',
};

function paint(text: string, colour: Colour, palette: Palette): string {
  if (palette === 'plain' || text === '') return text;
  const [begin, end] = codes[colour];
  return `\u001B[${begin}m${text}\u001B[${end}m`;
}

/** Lines after the first are indented, so that none passes for a record of its own. */
function indented(text: string): string {
  return text.replaceAll('\n', '\n    ');
}

/** The process id says little to people, and errors have lines of their own. */
function isShort({ name }: JsonField): boolean {
  return name !== 'pid' && !isError(name);
}

function isError(name: string): boolean {
  return name === 'err' || name === 'error';
}

/** The stack as lines, and not as a string of JSON. */
function unfolded(line: string): string {
  const [, key, indent, stack] = /^((\s*)"stack":) (".*"),?$/.exec(line) ?? [];
  if (key === undefined || indent === undefined || stack === undefined) return line;
  const text = String(JSON.parse(stack));
  return [key, ...text.split('\n').map((one) => `${indent}    ${one}`)].join('\n');
}

function errorText({ name, text }: JsonField): string {
  const lines = JSON.stringify(JSON.parse(text), undefined, 2).split('\n');
  return `    ${visible(indented(`${name}: ${lines.map(unfolded).join('\n')}`))}\n`;
}

export function prettyLine({ level, time, fields, message }: LogRecord, palette: Palette): string {
  const all = jsonFields(fields);
  const short = joined(all.filter(isShort));
  const line = [
    `[${time}]`,
    `${paint(level.toUpperCase(), levelColours[level], palette)}:`,
    paint(indented(visible(message)), 'cyan', palette),
    // JSON would show each backslash twice.
    ...(short === '' ? [] : [paint(visible(`{${short}}`).replaceAll('\\\\', '\\'), 'gray', palette)]),
  ];
  const errors = all.filter(({ name }) => isError(name)).map(errorText);
  return `${line.join(' ')}\n${errors.join('')}`;
}
