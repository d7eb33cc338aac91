// Edits that stand in the way of their own repair: what excludes what is wanted, renames, and several at once. The API server
// is what refuses, so each goes through it.
import { test } from 'node:test';
import { childTypes, type ChildKind } from '../../src/operator/model/kinds.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { World } from './world.ts';

interface Edit {
  readonly kind: ChildKind;
  /** A strategic merge patch. */
  readonly patch: object;
}

const inPod = (spec: object): object => ({ spec: { template: { spec } } });
const inContainer = (fields: object): object => inPod({ containers: [{ name: 'app', ...fields }] });
const onDeployment = (patch: object): Edit => ({ kind: 'Deployment', patch });

const edits: Readonly<Record<string, Edit>> = {
  'a variable gets its value from a Secret': onDeployment(
    inContainer({ env: [{ name: 'FOO', value: null, valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }),
  ),
  'a probe asks otherwise': onDeployment(
    inContainer({ livenessProbe: { httpGet: null, exec: { command: ['true'] } } }),
  ),
  'an empty volume becomes a claim': onDeployment(
    inPod({ volumes: [{ name: 'tmp', emptyDir: null, persistentVolumeClaim: { claimName: 'x' } }] }),
  ),
  'the live configuration becomes a claim': onDeployment(
    inPod({ volumes: [{ name: 'live-config', configMap: null, persistentVolumeClaim: { claimName: 'x' } }] }),
  ),
  'a budget counts otherwise': {
    kind: 'PodDisruptionBudget',
    patch: { spec: { maxUnavailable: null, minAvailable: 1 } },
  },
  'the only port of the Service is renamed': {
    kind: 'Service',
    patch: { spec: { ports: [{ port: 80, name: 'web', targetPort: 'http' }] } },
  },
  'the only container is renamed': onDeployment(
    inPod({ containers: [{ $patch: 'replace' }, { name: 'main', image: 'x' }] }),
  ),
  'a volume is renamed with its mount': onDeployment(
    inPod({
      volumes: [
        { name: 'tmp', $patch: 'delete' },
        { name: 'tmp2', emptyDir: {} },
      ],
      containers: [{ name: 'app', volumeMounts: [{ mountPath: '/tmp', name: 'tmp2' }] }],
    }),
  ),
  'a container is added before ours, and a variable to ours': onDeployment(
    inPod({
      containers: [
        { name: 'side', image: 'x' },
        { name: 'app', env: [{ name: 'BAR', value: 'y' }] },
      ],
    }),
  ),
  'pods get a token by silence': onDeployment(inPod({ automountServiceAccountToken: null })),
  'the account gives tokens by silence': { kind: 'ServiceAccount', patch: { automountServiceAccountToken: null } },
  'privileges are let in by silence': onDeployment(
    inContainer({ securityContext: { allowPrivilegeEscalation: null } }),
  ),
  'a port without a name is added': onDeployment(inContainer({ ports: [{ containerPort: 1234, protocol: 'TCP' }] })),
  'a second rule of spreading is added': onDeployment(
    inPod({
      topologySpreadConstraints: [
        {
          topologyKey: 'kubernetes.io/hostname',
          maxSkew: 1,
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { a: 'b' } },
        },
      ],
    }),
  ),
  'a selector gets a key that every object of JavaScript has': {
    kind: 'Service',
    patch: { spec: { selector: { constructor: 'x' } } },
  },
};

test('edits that stand in the way of their own repair are undone, each', async () => {
  await using world = await World.create('edits');
  await using operator = new OperatorProcess({ adminPort: 8090, flags: ['--no-leader-elect'] });
  await operator.says('leading');
  const all = Object.values(edits);
  const nameOf = (i: number): string => `edit-${i}`;
  for (const i of all.keys()) await world.add(nameOf(i), { env: [{ name: 'FOO', value: 'x' }] });
  await world.becomesRight(30_000);
  for (const [i, { kind, patch }] of all.entries()) {
    const name = kind === 'ServiceAccount' ? `${nameOf(i)}.appserver` : nameOf(i);
    await world.edit(childTypes[kind], name, patch);
  }
  await world.becomesRight(30_000);
  // None of them is in the way of what the AppServer asks for next.
  for (const i of all.keys()) await world.change(nameOf(i), { image: 'registry.example.com/shop:2' });
  await world.becomesRight(30_000);
});
