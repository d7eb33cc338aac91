// The runtime's log: the logger in front, the wanted format and an output that never blocks behind it.
import type { LiveConfig } from '../config/config.ts';
import type { Host } from '../host/host.ts';
import { formatter } from './format.ts';
import { Logger } from './logger.ts';
import { LogOutput } from './output.ts';

export interface Log {
  readonly logger: Logger;
  configure(logging: LiveConfig['logging']): void;
  /** Calls `done` once all is written, or its reader has had its time; before the process ends. */
  end(done: () => void): void;
}

/** @param onFull see LogOutput */
export function startLog(host: Pick<Host, 'output' | 'clock'>, onFull: (full: boolean) => void): Log {
  const output = new LogOutput(host, onFull);
  const palette = host.output.isTerminal ? 'coloured' : 'plain';
  let format = formatter('json', palette);
  const logger = new Logger(
    (record) => output.write(format(record)),
    () => host.clock.date(),
  );
  return {
    logger,
    configure: (logging) => {
      logger.level = logging.level;
      format = formatter(logging.format, palette);
    },
    end: (done) => output.end(done),
  };
}
