// Metrics in the OpenMetrics text format, version 1.0.0.

export const openMetricsContentType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** Counts and sum of what was observed. */
export interface Distribution {
  /** Upper bounds of the buckets, rising. One more bucket takes the rest. */
  readonly bounds: readonly number[];
  /** Observations in each bucket, not cumulative; the last is that of the rest. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export type Metric = { readonly name: string; readonly help: string } & (
  | { readonly type: 'gauge' | 'counter'; readonly samples: readonly Sample[] }
  | { readonly type: 'histogram'; readonly distribution: Distribution }
);

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function line(name: string, { labels, value }: Sample): string {
  return `${name}${labelText(labels)} ${valueText(value)}\n`;
}

/** Each bucket has what the ones before it have, too. */
function histogramLines(name: string, { bounds, counts, sum }: Distribution): string[] {
  let total = 0;
  const buckets = [...bounds, '+Inf'].map((le, i) => {
    total += counts[i] ?? 0;
    return line(`${name}_bucket`, { labels: { le }, value: total });
  });
  return [
    ...buckets,
    line(`${name}_sum`, { labels: {}, value: sum }),
    line(`${name}_count`, { labels: {}, value: total }),
  ];
}

function sampleLines(metric: Metric): string[] {
  switch (metric.type) {
    case 'gauge':
      return metric.samples.map((sample) => line(metric.name, sample));
    case 'counter':
      return metric.samples.map((sample) => line(`${metric.name}_total`, sample));
    case 'histogram':
      return histogramLines(metric.name, metric.distribution);
  }
}

/** @param metrics with a name of its own each; that of a counter without `_total` */
export function openMetrics(metrics: readonly Metric[]): string {
  const texts = metrics.map(
    (metric) =>
      `# HELP ${metric.name} ${escaped(metric.help)}\n# TYPE ${metric.name} ${metric.type}\n${sampleLines(metric).join('')}`,
  );
  return `${texts.join('')}# EOF\n`;
}
