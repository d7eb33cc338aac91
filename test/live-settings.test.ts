// What a change of a field does to running pods: the schema says it, and whatever a field passes on its way has to agree.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { specSchema } from '../src/api/appserver.ts';
import { describedSchema, type JsonSchema } from '../src/api/crd.ts';
import type { FieldClass } from '../src/api/fields.ts';
import { parseConfig } from '../src/runtime/config/parse.ts';
import type { Config } from '../src/runtime/config/config.ts';
import { SettingsInForce } from '../src/runtime/supervisor/settings-in-force.ts';
import { appServer, childrenIn, facts } from './builders.ts';

/** Another value than that of the AppServer below, for each field that the runtime knows. */
const others: Readonly<Record<string, unknown>> = {
  'workers.count': 5,
  'workers.class': 'fast',
  'workers.threads': 7,
  'workers.preload': false,
  'workers.preloadThreads': true,
  'workers.maxHeaderSize': '24Ki',
  'workers.backlog': 100,
  'workers.keepAlive': '20s',
  'workers.bootTimeout': '41s',
  'workers.heartbeatTimeout': '42s',
  'workers.requestTimeout': '43s',
  'workers.gracefulTimeout': '44s',
  'workers.recycle.requests': 100,
  'workers.recycle.jitter': 10,
  'workers.recycle.memory': '300Mi',
  'workers.recycle.lifetime': '1h',
  'probes.readyWorkers': 2,
  'probes.path': '/health',
  'probes.host': 'shop.test',
  'probes.interval': '20s',
  'probes.failureThreshold': 5,
  'logging.level': 'debug',
  'logging.format': 'text',
  'logging.accessLog': true,
  'logging.accessLogQuery': true,
  'drain.minimum': '6s',
  'drain.maximum': '20s',
};

/** Fields below these are the runtime's, but for what is Kubernetes' own of a probe. */
const rooms = new Set(['workers', 'probes', 'logging', 'drain']);
const kubelets = /^probes\.(startup|liveness|readiness)\b/;

function classes(schema: JsonSchema, path: string): [path: string, fieldClass: unknown][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]): [string, unknown][] => {
    const here = path === '' ? name : `${path}.${name}`;
    const own = field['fieldClass'];
    return field.properties !== undefined && own === undefined ? classes(field, here) : [[here, own]];
  });
}

const fieldClasses = new Map(
  classes(describedSchema(specSchema), '').filter(
    ([path]) => rooms.has(path.split('.')[0] ?? '') && !kubelets.test(path),
  ),
);

const base: Record<string, Record<string, unknown>> = {
  workers: { class: 'gthread', threads: 4, count: 3, preload: true },
  probes: { path: '/healthz', host: 'a.test' },
};

interface Told {
  /** Of the Deployment: a change of it replaces pods. */
  readonly template: string;
  readonly live: string;
  readonly config: Config;
}

function told(spec: object): Told {
  const app = appServer(structuredClone(spec));
  const children = childrenIn(facts({ app }));
  const deployment = children.find(({ kind }) => kind === 'Deployment');
  const data = Object.assign({}, ...children.filter(({ kind }) => kind === 'ConfigMap').map((one) => one['data'])) as {
    'runtime.json': string;
    'live.json': string;
  };
  const fixed = JSON.parse(data['runtime.json']) as Record<string, object>;
  const { revision, ...live } = JSON.parse(data['live.json']) as Record<string, object>;
  const joined = Object.fromEntries(
    [...new Set([...Object.keys(fixed), ...Object.keys(live)])].map((key) => [
      key,
      live[key] === undefined ? fixed[key] : Array.isArray(fixed[key]) ? fixed[key] : { ...fixed[key], ...live[key] },
    ]),
  );
  assert.ok(revision !== undefined);
  return {
    template: JSON.stringify((deployment as unknown as { spec: { template: unknown } }).spec.template),
    live: JSON.stringify(live),
    config: parseConfig('the files', joined),
  };
}

function withOther(path: string): object {
  const [room = '', ...rest] = path.split('.');
  const spec = structuredClone(base);
  const fields = (spec[room] ??= {});
  const [name = '', below] = rest;
  fields[name] = below === undefined ? others[path] : { [below]: others[path] };
  return spec;
}

/** Whether running pods take it over by themselves: what their supervisor does when the files change. */
function isTakenOver(before: Config, after: Config): boolean {
  let applied = false;
  const settings = new SettingsInForce({
    config: before,
    read: () => after,
    apply: () => (applied = true),
    log: { error: () => undefined },
    surface: 'pod',
  });
  settings.reread();
  return applied;
}

describe('what a change does to running pods', () => {
  test('is known of all fields that the runtime has', () => {
    assert.deepEqual([...fieldClasses.keys()].toSorted(), Object.keys(others).toSorted());
  });

  const before = told(base);
  for (const [path, fieldClass] of fieldClasses) {
    test(`${path} is ${String(fieldClass)} in the schema, the ConfigMaps, the pod template and the runtime`, () => {
      const after = told(withOther(path));
      const found: FieldClass =
        after.template !== before.template ? 'roll' : after.live !== before.live ? 'live' : 'outside';
      assert.equal(found, fieldClass);
      assert.equal(isTakenOver(before.config, after.config), fieldClass === 'live');
    });
  }

  test('is marked in the page of the runtime', () => {
    const page = readFileSync(new URL('../docs/runtime.md', import.meta.url), 'utf8');
    const marks = new Map<string, boolean>();
    for (const [, cell = ''] of page.matchAll(/^\| (`[a-z]\w*\..*?) +\|/gm)) {
      const names = [...cell.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => name);
      const parent = names[0]?.slice(0, names[0].lastIndexOf('.'));
      for (const name of names) marks.set(name.includes('.') ? name : `${parent}.${name}`, cell.endsWith('\\*'));
    }
    for (const [path, fieldClass] of fieldClasses) {
      // Only a pod has a grace period that was made for it.
      const marked = fieldClass === 'live' || path === 'workers.gracefulTimeout';
      assert.equal(marks.get(path), marked, path);
    }
  });
});
