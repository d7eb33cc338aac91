import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counter, Gauge, Histogram, Registry, type OpenMetricsContentType } from 'prom-client';
import {
  openMetrics,
  openMetricsContentType,
  type Labels,
  type Metric,
} from '../../../src/runtime/text/open-metrics.ts';

const name = fc
  .stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/)
  .filter((one) => !/_(total|bucket|sum|count)$/.test(one));
const labelName = fc
  .stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,9}$/)
  .filter((one) => one !== '__proto__' && one !== 'le');
const value = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e21),
);
const labelValue = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\\', '"', '\n', '\r', '\u001B', '\uD800', 'n', '}', ',') }),
);
const labels: fc.Arbitrary<Labels> = fc.dictionary(labelName, fc.oneof(labelValue, fc.integer()), { maxKeys: 4 });
/** prom-client does not escape quotes in it, as the format asks for. */
const help = labelValue.map((one) => `h${one.replaceAll('"', '')}`);
const bounds = fc
  .uniqueArray(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 8 })
  .map((all) => all.toSorted((a, b) => a - b));

function registry(): Registry<OpenMetricsContentType> {
  const made = new Registry<OpenMetricsContentType>();
  made.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return made;
}

describe('OpenMetrics', () => {
  test('has the content type of prom-client', () => {
    assert.equal(openMetricsContentType, Registry.OPENMETRICS_CONTENT_TYPE);
  });

  test('gauges and counters are those of prom-client, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(name, help, labels, fc.tuple(value, fc.nat()), async (of, text, own, [gauge, count]) => {
        const registers = [registry()];
        const labelNames = Object.keys(own);
        new Gauge({ name: of, help: text, labelNames, registers }).set(own, gauge);
        new Counter({ name: `${of}_c`, help: text, labelNames, registers }).inc(own, count);
        const metrics: Metric[] = [
          { name: of, help: text, type: 'gauge', samples: [{ labels: own, value: gauge }] },
          { name: `${of}_c`, help: text, type: 'counter', samples: [{ labels: own, value: count }] },
        ];
        assert.equal(openMetrics(metrics), await registers[0]?.metrics());
      }),
    );
  });

  test('histograms are those of prom-client, byte for byte', async () => {
    const observed = fc.array(fc.double({ min: 0, max: 2e6, noNaN: true }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(name, bounds, observed, async (of, buckets, seconds) => {
        const registers = [registry()];
        const theirs = new Histogram({ name: of, help: 'h', buckets, registers });
        const counts = [...buckets, 0].map(() => 0);
        for (const one of seconds) {
          theirs.observe(one);
          const at = buckets.findIndex((bound) => one <= bound);
          const bucket = at === -1 ? buckets.length : at;
          counts[bucket] = (counts[bucket] ?? 0) + 1;
        }
        const sum = seconds.reduce((total, one) => total + one, 0);
        const ours: Metric = { name: of, help: 'h', type: 'histogram', distribution: { bounds: buckets, counts, sum } };
        assert.equal(openMetrics([ours]), await registers[0]?.metrics());
      }),
    );
  });

  test('each sample can be read back, whatever is in its labels', () => {
    const back: Record<string, string> = { '\\\\': '\\', '\\n': '\n', '\\"': '"' };
    fc.assert(
      fc.property(labels, value, help, (own, number, text) => {
        const metric: Metric = {
          name: 'm',
          help: `"${text}`,
          type: 'counter',
          samples: [{ labels: own, value: number }],
        };
        const [first = '', second, third = '', ...rest] = openMetrics([metric]).split('\n');
        const read = (escaped: string): string => escaped.replaceAll(/\\[\\n"]/g, (pair) => back[pair] ?? pair);
        assert.equal(read(first), `# HELP m "${text}`);
        assert.equal(second, '# TYPE m counter');
        const pairs = [...third.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/gs)];
        assert.deepEqual(
          pairs.map(([, label = '', escaped = '']) => [label, read(escaped)]),
          Object.entries(own).map(([label, one]) => [label, String(one)]),
        );
        assert.equal(Number(third.slice(third.lastIndexOf(' ') + 1).replace('Inf', 'Infinity')), number + 0);
        assert.deepEqual(rest, ['# EOF', '']);
      }),
    );
  });

  test('what is no number is NaN, as the format spells it', () => {
    const metric: Metric = { name: 'm', help: '', type: 'gauge', samples: [{ labels: {}, value: Number.NaN }] };
    assert.equal(openMetrics([metric]), '# HELP m \n# TYPE m gauge\nm NaN\n# EOF\n');
  });
});
