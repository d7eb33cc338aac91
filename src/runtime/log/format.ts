// The supervisor's log in the format that was asked for. pino writes JSON; the other formats are made of it.
import type { LogFormat } from '../config/config.ts';

const ecsVersion = '9.4.0';

/** A line that pino has written. */
function parse(line: string): object {
  const record: unknown = JSON.parse(line);
  return typeof record === 'object' && record !== null ? record : {};
}

/** Fields that have a name of their own in the schema. */
const known: Readonly<Record<string, string>> = {
  time: '@timestamp',
  level: 'log.level',
  msg: 'message',
  pid: 'process.pid',
  code: 'error.code',
  cause: 'error.message',
};

/**
 * The Elastic Common Schema. Fields of ours that it has no name for are labels.
 *
 * @param line one line of pino's JSON
 */
function ecsLine(line: string): string {
  const record: Record<string, unknown> = { 'ecs.version': ecsVersion, 'event.dataset': 'appserver.runtime' };
  const labels: Record<string, string> = {};
  for (const [name, value] of Object.entries(parse(line))) {
    const field = known[name];
    if (field !== undefined) record[field] = value;
    else if (name === 'stream') record['event.dataset'] = `appserver.${value}`;
    else labels[name] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  if (Object.keys(labels).length > 0) record['labels'] = labels;
  return `${JSON.stringify(record)}\n`;
}

/** Text is for people at a terminal, rarely for a pod: what writes it is loaded only when it is wanted. */
export async function formatter(format: LogFormat, terminal: boolean): Promise<(line: string) => string> {
  switch (format) {
    case 'json':
      return (line) => line;
    case 'ecs':
      return ecsLine;
    case 'text': {
      const { prettyFactory } = await import('pino-pretty');
      const pretty = prettyFactory({
        colorize: terminal,
        singleLine: true,
        translateTime: "UTC:yyyy-mm-dd'T'HH:MM:ss.l'Z'",
        ignore: 'pid,hostname',
      });
      return (line) => pretty(parse(line));
    }
  }
}
