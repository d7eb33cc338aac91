// What nobody has caught ends the process: after it nothing is known of what it holds in memory. The last thing that it does is
// to say so.
import { OperatorError, sentence } from './errors.ts';

/** What is left of the process then. */
export interface LastResort {
  /** To the log, written out before it returns. */
  readonly log: (fields: { code: string; err: unknown; origin: string }, message: string) => void;
  readonly stderr: (text: string) => void;
  readonly exit: (code: number) => void;
}

interface Events {
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
}

/** An error with a code says what to do itself. */
function explained(error: unknown): OperatorError {
  if (error instanceof OperatorError) return error;
  return new OperatorError(
    'UNEXPECTED_ERROR',
    error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    {
      cause: error,
    },
  );
}

/** Tells of the error and ends the process with code 1. Never throws, whatever of it still works. */
export function die(error: unknown, origin: string, { log, stderr, exit }: LastResort): void {
  const attempt = (tell: () => void): void => {
    try {
      tell();
    } catch {
      /* a pipe that nobody reads any more, for one: the other way is left */
    }
  };
  attempt(() => {
    const told = explained(error);
    attempt(() => stderr(`${sentence(told)}\n`));
    if (told.code === 'UNEXPECTED_ERROR') {
      attempt(() => log({ code: told.code, err: error, origin }, 'exiting because of an uncaught error'));
    }
  });
  exit(1);
}

/** From here on nothing ends the process without a word, and nothing goes on after such an error. */
export function installLastResort(events: Events, means: LastResort): void {
  for (const origin of ['uncaughtException', 'unhandledRejection'] as const) {
    events.on(origin, (error) => die(error, origin, means));
  }
}
