// Quantities as Kubernetes writes them (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity),
// compared exactly: the API server stores `0.7` as `700m`, and floating point would make them differ.

/** Powers of ten. */
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
/** Powers of two. */
const binary: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

const form = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:([eE])([+-]?[0-9]{1,3})|([numkMGTPE]|[KMGTPE]i))?$/;

/** Longer ones than any that means something are not computed. */
const longest = 64;

/** Rounded away from zero, as Kubernetes does with what is smaller than it can store. */
function divide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

interface Parts {
  readonly digits: bigint;
  /** The value is digits × 10^tens × 2^twos. */
  readonly tens: number;
  readonly twos: number;
  readonly negative: boolean;
}

function partsOf(text: string): Parts | undefined {
  const [match, sign, whole = '', fraction = '', , exponent = '0', suffix = ''] = form.exec(text) ?? [];
  if (match === undefined || whole + fraction === '') return undefined;
  const tens = Number(exponent) + (decimal[suffix] ?? 0) - fraction.length;
  return { digits: BigInt(whole + fraction), tens, twos: binary[suffix] ?? 0, negative: sign === '-' };
}

/** A whole number of nano units; undefined for what is no quantity. */
export function nanos(value: unknown): bigint | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  const parts = typeof text === 'string' && text.length <= longest ? partsOf(text) : undefined;
  if (parts === undefined) return undefined;
  const { digits, twos, negative } = parts;
  const tens = parts.tens + 9;
  const scaled = digits << BigInt(twos);
  const size = tens >= 0 ? scaled * 10n ** BigInt(tens) : divide(scaled, 10n ** BigInt(-tens));
  return negative ? -size : size;
}

export function sameQuantity(a: unknown, b: unknown): boolean {
  const [x, y] = [nanos(a), nanos(b)];
  return x !== undefined && x === y;
}

/** Of a quantity without a unit smaller than one, such as a size in bytes. Undefined for what is no quantity. */
export function wholeUnits(value: unknown): number | undefined {
  const size = nanos(value);
  return size === undefined ? undefined : Number(divide(size, 1_000_000_000n));
}
