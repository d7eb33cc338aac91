// The runtime's log: pino in front, the wanted format and an output that never blocks behind it.
import { isatty } from 'node:tty';
import { pino, type Logger } from 'pino';
import type { LiveConfig } from '../config/config.ts';
import { logFd } from '../processes/descriptors.ts';
import { formatter } from './format.ts';
import { LogOutput } from './output.ts';

export interface Log {
  readonly logger: Logger;
  /** Resolves once lines come in the wanted format. */
  configure(logging: LiveConfig['logging']): Promise<void>;
  /** Writes what still waits; before the process ends. */
  flush(): void;
}

export const onTerminal = isatty(logFd);

/** @param onFull see LogOutput */
export function startLog(onFull: (full: boolean) => void): Log {
  const output = new LogOutput(logFd, onFull);
  let format = (line: string): string => line;
  const logger = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => output.write(format(line)) },
  );
  return {
    logger,
    configure: async (logging) => {
      logger.level = logging.level;
      format = await formatter(logging.format, onTerminal);
    },
    flush: () => output.flush(),
  };
}
