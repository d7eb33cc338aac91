// An error as fields of a log record: its type, message and stack with those of its causes, and what it says beyond.

interface ErrorLike {
  readonly message: string;
}

function isErrorLike(value: unknown): value is ErrorLike {
  return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';
}

interface Joint {
  readonly part: (one: ErrorLike) => string;
  readonly between: string;
  /** Ends the text where an error is among its own causes. */
  readonly circular: string;
}

const messages: Joint = { part: ({ message }) => message, between: ': ', circular: ': ...' };
const stacks: Joint = { part: stackOf, between: '\ncaused by: ', circular: '\ncauses have become circular...' };

function stackOf(error: ErrorLike): string {
  return 'stack' in error && typeof error.stack === 'string' ? error.stack : '';
}

function withCauses(error: ErrorLike, { part, between, circular }: Joint): string {
  const seen = new Set<unknown>();
  const parts: string[] = [];
  for (let one: unknown = error; isErrorLike(one); one = 'cause' in one ? one.cause : undefined) {
    parts.push(part(one));
    if (seen.has(one)) return `${parts.join(between)}${circular}`;
    seen.add(one);
  }
  return parts.join(between);
}

function typeOf(error: ErrorLike): unknown {
  // An object without a prototype has no constructor.
  if (typeof error.constructor === 'function') return error.constructor.name;
  return 'name' in error ? error.name : undefined;
}

/** The value as it is to be logged: an error, which JSON would leave empty, as an object; anything else as it is. */
export function errorFields(value: unknown, within: readonly unknown[] = []): unknown {
  if (!isErrorLike(value)) return value;
  const path = [...within, value];
  const fields = new Map<string, unknown>([
    ['type', typeOf(value)],
    ['message', withCauses(value, messages)],
    ['stack', withCauses(value, stacks)],
  ]);
  if ('errors' in value && Array.isArray(value.errors)) {
    const inner = value.errors.map((one) => (path.includes(one) ? '[Circular]' : errorFields(one, path)));
    fields.set('aggregateErrors', inner);
  }
  for (const [name, own] of Object.entries(value)) {
    // Message and stack have what causes say.
    if (fields.has(name) || (isErrorLike(own) && (name === 'cause' || path.includes(own)))) continue;
    fields.set(name, errorFields(own, path));
  }
  return Object.fromEntries(fields);
}
