// A log record as text for people at a terminal: time, level, worker, message and fields in one line, and what has lines of
// its own, such as a stack, below it. The access log of the workers has the same columns.
import { visible } from './control-characters.ts';
import { jsonFields, type JsonField, type Level, type LogRecord } from './log-line.ts';

export type Palette = 'plain' | 'coloured';

type Colour = 'redGround' | 'red' | 'yellow' | 'green' | 'blue' | 'gray';

/** Numbers of ECMA-48 that begin and end a colour. */
const codes: Readonly<Record<Colour, readonly [number, number]>> = {
  redGround: [41, 49],
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
  blue: [34, 39],
  gray: [90, 39],
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

/** Columns of their own, and what says little to people. */
const leftOut = new Set(['worker', 'stream', 'pid']);

/** Spaces in front make workers up to 128 as wide as each other; the runtime's own lines have none. */
const workerWidth = 3;

function isError(name: string): boolean {
  return name === 'err' || name === 'error';
}

/** Whether it stands below the line: errors, and text of several lines. */
function isBelow({ name, value }: JsonField): boolean {
  return (isError(name) && typeof value === 'object') || (typeof value === 'string' && value.includes('\n'));
}

function isWord(text: string): boolean {
  return /^[^\s"=\\{}[\]]+$/.test(text);
}

/** Words as they are, and anything else as JSON. */
function fieldText({ name, value, text }: JsonField): string {
  return `${nameText(name)}=${typeof value === 'string' && isWord(value) ? value : text}`;
}

function nameText(name: string): string {
  return isWord(name) ? name : JSON.stringify(name);
}

/** The stack as lines, and not as a string of JSON. */
function unfolded(line: string): string {
  const [, key, indent, stack] = /^((\s*)"stack":) (".*"),?$/.exec(line) ?? [];
  if (key === undefined || indent === undefined || stack === undefined) return line;
  const text = String(JSON.parse(stack));
  return [key, ...text.split('\n').map((one) => `${indent}    ${one}`)].join('\n');
}

function block({ name, value, text }: JsonField): string {
  if (typeof value === 'string') return `    ${indented(visible(`${nameText(name)}: ${value}`))}\n`;
  const lines = JSON.stringify(JSON.parse(text), undefined, 2).split('\n');
  return `    ${indented(visible(`${nameText(name)}: ${lines.map(unfolded).join('\n')}`))}\n`;
}

export function prettyLine({ level, time, fields, message }: LogRecord, palette: Palette): string {
  const all = jsonFields(fields);
  const worker = all.find(({ name }) => name === 'worker')?.text ?? '-';
  // The sentence of a code begins with it.
  const isSaid = ({ name, value }: JsonField): boolean => name === 'code' && message.startsWith(`${String(value)}:`);
  const rest = all.filter((one) => !leftOut.has(one.name) && !isSaid(one));
  const short = rest.filter((one) => !isBelow(one)).map(fieldText);
  const line = [
    time,
    paint(level.toUpperCase().padEnd(5), levelColours[level], palette),
    visible(worker).padStart(workerWidth),
    ...(message === '' ? [] : [indented(visible(message))]),
    ...(short.length === 0 ? [] : [paint(visible(short.join(' ')), 'gray', palette)]),
  ];
  return `${line.join(' ')}\n${rest.filter(isBelow).map(block).join('')}`;
}
