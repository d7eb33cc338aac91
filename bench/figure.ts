// What a benchmark tells: one JSON line a figure.

export interface Figure {
  readonly figure: string;
  readonly unit: string;
  readonly ours: number;
  /** By name of the peer. */
  readonly peers: Readonly<Record<string, number>>;
  /** Ours by the first peer's: the median over the pairs. */
  readonly ratio: number | null;
  readonly runs: number;
  /** The lowest and the highest ratio, or value where there is no peer. */
  readonly spread: readonly [number, number];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

const rounded = (value: number): number => Number(value.toPrecision(4));

export interface Contest {
  readonly figure: string;
  readonly unit: string;
  readonly ours: () => Promise<number>;
  /** The first is the one that the ratio is with. */
  readonly peers: Readonly<Record<string, () => Promise<number>>>;
  /** At least 9 where there is a peer to alternate with. */
  readonly runs: number;
  /** Ends what the measuring functions keep between their calls. */
  readonly close?: () => Promise<void>;
}

/** Measures ours and the peers in turn, so that what the machine does besides meets all alike. */
export async function contest({ figure, unit, ours, peers, runs, close }: Contest): Promise<Figure> {
  const own: number[] = [];
  const theirs = new Map<string, number[]>(Object.keys(peers).map((name) => [name, []]));
  const all: [number[] | undefined, () => Promise<number>][] = [
    [own, ours],
    ...Object.entries(peers).map(([name, measure]): [number[] | undefined, () => Promise<number>] => [
      theirs.get(name),
      measure,
    ]),
  ];
  try {
    for (let i = 0; i < runs; i++) {
      // Every other time the other way round: being first must not be an advantage.
      for (const [values, measure] of i % 2 === 0 ? all : all.toReversed()) values?.push(await measure());
    }
  } finally {
    await close?.();
  }
  const [first] = theirs.values();
  const ratios = first === undefined ? [] : own.map((value, i) => value / (first[i] ?? Number.NaN));
  const spreadOf = first === undefined ? own : ratios;
  return {
    figure,
    unit,
    ours: rounded(median(own)),
    peers: Object.fromEntries([...theirs].map(([name, values]) => [name, rounded(median(values))])),
    ratio: first === undefined ? null : rounded(median(ratios)),
    runs,
    spread: [rounded(Math.min(...spreadOf)), rounded(Math.max(...spreadOf))],
  };
}

/** Of values that were measured elsewhere; with a value to compare their median with, if there is one. */
export function summary(
  { figure, unit }: Pick<Figure, 'figure' | 'unit'>,
  values: readonly number[],
  peers: Readonly<Record<string, number>> = {},
): Figure {
  const ours = rounded(median(values));
  const [first] = Object.values(peers);
  const spread = [rounded(Math.min(...values)), rounded(Math.max(...values))] as const;
  return {
    figure,
    unit,
    ours,
    peers,
    ratio: first === undefined ? null : rounded(ours / first),
    runs: values.length,
    spread,
  };
}

/** The median and the 99th percentile, as two figures. */
export function percentiles({ figure, unit }: Pick<Figure, 'figure' | 'unit'>, values: readonly number[]): Figure[] {
  const sorted = values.toSorted((a, b) => a - b);
  const { peers, ratio, runs, spread } = summary({ figure, unit }, values);
  return [50, 99].map((percent) => {
    const ours = rounded(sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN);
    return { figure: `${figure}_p${percent}`, unit, ours, peers, ratio, runs, spread };
  });
}

export function print(bench: string, figure: Figure): void {
  process.stdout.write(`${JSON.stringify({ bench, ...figure })}\n`);
}
