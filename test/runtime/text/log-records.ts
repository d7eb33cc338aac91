// Generated log records, for tests that compare ours with what pino and pino-pretty make of the same.
import fc from 'fast-check';
import type { Fields } from '../../../src/runtime/text/log-line.ts';

/** Control characters, quotes, backslashes, lone surrogates and more; now and then very long. */
export const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      '\0',
      '\n',
      '\r',
      '\t',
      '\u001B',
      '\u007F',
      '\u009B',
      '"',
      '\\',
      '\uD800',
      '\uDC00',
      'a',
      '{',
    ),
  }),
  fc.string().map((one) => `${one.repeat(200)}\u2028`),
  fc.constantFrom('__proto__', 'constructor', 'toString', ''),
);

const scalar = fc.oneof(
  text,
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, null, undefined, true, false),
  fc.bigInt(),
  fc.constantFrom(Symbol('s'), () => 1, new Date(0), new Map([[1, 2]]), /x/, new Uint8Array([1])),
);

const { nested } = fc.letrec<{ nested: unknown }>((tie) => ({
  nested: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('nested'), { maxLength: 5 }),
    fc.dictionary(text, tie('nested'), { maxKeys: 5 }),
  ),
}));

/** Among its own parents. */
const circular = nested.map((inner) => {
  const outer: Record<string, unknown> = { inner };
  outer['self'] = [outer, { again: outer }];
  return outer;
});

/** Names that pino-pretty has a place of its own for, or that stand in each line, are no fields of ours. */
const name = text.filter(
  (one) => !['level', 'time', 'msg', 'err', 'error', 'name', 'hostname', 'caller', 'timestamp'].includes(one),
);

export const fields: fc.Arbitrary<Fields> = fc.dictionary(name, fc.oneof(nested, circular), { maxKeys: 6 });

export const error: fc.Arbitrary<Error> = fc
  .record({ messages: fc.array(text, { minLength: 1, maxLength: 4 }), more: nested, round: fc.boolean() })
  .map(({ messages, more, round }) => {
    const errors = messages.map((message) => new TypeError(message));
    errors.forEach((one, i) => {
      const cause = errors[i + 1] ?? (round ? errors[0] : undefined);
      if (cause !== undefined) one.cause = cause;
    });
    const [first = new Error('none')] = errors;
    return Object.assign(first, { code: 'ENOENT', errno: -2, more });
  });
