// What can go wrong between a request and its answer.

/** The API server's answer when it is not a success; `reason` is Kubernetes' own word, `Forbidden` for one. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  /** When it asks to be asked again. */
  readonly retryAfterMs: number | undefined;
  constructor(
    status: number,
    reason: string,
    message: string,
    options?: { retryAfterMs?: number | undefined; cause?: unknown },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = options?.retryAfterMs;
  }
}

/** Nothing was sent, because this process may not write just now. */
export class WriteRefused extends Error {
  constructor() {
    super('this process does not lead (any more): nothing was written');
    this.name = 'WriteRefused';
  }
}

/** The API server could not be reached, said nothing in time, or broke off: whether a write was done is not known. */
export class NoAnswer extends Error {
  constructor(message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'NoAnswer';
  }
}

/** The request was answered with success, and by something that is no answer. */
export class UnreadableAnswer extends Error {
  readonly status: number;
  readonly kind: 'too large' | 'not JSON';
  constructor(kind: 'too large' | 'not JSON', status: number, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'UnreadableAnswer';
    this.kind = kind;
    this.status = status;
  }
}

/** What an error says. One of several addresses that all failed is empty itself and has theirs. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.message === '' ? error.name : error.message;
}
