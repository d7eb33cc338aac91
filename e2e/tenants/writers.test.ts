// What is asked of those who write AppServers: for each field of which more comes than a Deployment, at creation and at changes,
// with the right and without. Applications have no pods here.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ApiError, path, type KubeClient, type KubeObject } from '../../src/kube/index.ts';
import { client, clientAs, destroy, types } from '../harness/api.ts';
import { appServer } from '../harness/appserver.ts';
import { installOperator } from '../harness/operator.ts';
import {
  create,
  dry,
  forbidden,
  grant,
  patch,
  tenant,
  untilAllowed,
  untilForbidden,
  untilPoliciesHold,
  writesAppServers,
  type Tenant,
} from './roles.ts';

interface Asked {
  readonly spec: Readonly<Record<string, object>>;
  /** A change of the same field, by a merge patch. */
  readonly change: object;
  /** A change that takes the field away, or what it makes. */
  readonly without: object;
  readonly right: { readonly group: string; readonly resource: string };
  readonly says: RegExp;
}

const services = { group: '', resource: 'services' };

const asked: Record<string, Asked> = {
  'a load balancer': {
    spec: { service: { type: 'LoadBalancer' } },
    change: { service: { port: 8_080 } },
    without: { service: { type: 'ClusterIP' } },
    right: services,
    says: /spec\.service makes a Service that is reached from outside .*; ask for the verb create on services in namespace team-a/,
  },
  'a port of every node': {
    spec: { service: { type: 'NodePort' } },
    change: { service: { type: 'LoadBalancer' } },
    without: { service: { type: 'ClusterIP' } },
    right: services,
    says: /spec\.service makes a Service that is reached from outside/,
  },
  'an annotation of the Service that is not on the list': {
    spec: { service: { annotations: { 'example.com/expose': 'true' } } },
    change: { service: { annotations: { 'example.com/expose': 'more' } } },
    without: { service: { annotations: { 'example.com/expose': null } } },
    right: services,
    says: /spec\.service\.annotations makes a Service with annotations that are not on the chart's list/,
  },
  'an annotation of the account that is not on the list': {
    spec: { serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/treasurer' } } },
    // What runs under it.
    change: { hooks: { beforeStop: { command: ['/bin/true'] } } },
    without: { serviceAccount: null },
    right: { group: '', resource: 'serviceaccounts' },
    says: /spec\.serviceAccount\.annotations makes a ServiceAccount with .*; ask for the verb create on serviceaccounts/,
  },
  'an annotation of the Deployment that is not on the list': {
    spec: { deployment: { annotations: { 'example.com/expose': 'true' } } },
    change: { deployment: { annotations: { 'example.com/expose': 'more' } } },
    without: { deployment: null },
    right: { group: 'apps', resource: 'deployments' },
    says: /spec\.deployment\.annotations makes a Deployment with annotations that are not on the chart's list/,
  },
  'an annotation of the autoscaler that is not on the list': {
    spec: { autoscaling: { maxReplicas: 3, annotations: { 'example.com/scale': 'true' } } },
    change: { autoscaling: { annotations: { 'example.com/scale': 'more' } } },
    without: { autoscaling: null },
    right: { group: 'autoscaling', resource: 'horizontalpodautoscalers' },
    says: /spec\.autoscaling\.annotations makes a HorizontalPodAutoscaler with annotations/,
  },
  'an annotation of the budget that is not on the list': {
    spec: { disruption: { annotations: { 'example.com/evict': 'true' } } },
    change: { disruption: { annotations: { 'example.com/evict': 'more' } } },
    without: { disruption: null },
    right: { group: 'policy', resource: 'poddisruptionbudgets' },
    says: /spec\.disruption\.annotations makes a PodDisruptionBudget with annotations/,
  },
  'an annotation of pods that is not on the list': {
    spec: { podTemplate: { metadata: { annotations: { 'example.com/network': 'storage' } } } },
    // What runs under it.
    change: { hooks: { beforeStop: { command: ['/bin/true'] } } },
    without: { podTemplate: null },
    right: { group: 'apps', resource: 'deployments' },
    says: /spec\.podTemplate\.metadata\.annotations makes pods with .*; ask for the verb create on deployments\.apps/,
  },
  'an Ingress': {
    spec: { ingress: { hosts: ['bank.example.com'] } },
    change: { ingress: { annotations: { 'nginx.ingress.kubernetes.io/configuration-snippet': 'return 200;' } } },
    without: { ingress: null },
    right: { group: 'networking.k8s.io', resource: 'ingresses' },
    says: /spec\.ingress makes an Ingress, .* ask for the verb create on ingresses\.networking\.k8s\.io/,
  },
  'an HTTPRoute': {
    spec: { httpRoute: { parentRefs: [{ name: 'gateway' }] } },
    change: { httpRoute: { hostnames: ['bank.example.com'] } },
    without: { httpRoute: null },
    right: { group: 'gateway.networking.k8s.io', resource: 'httproutes' },
    says: /spec\.httpRoute makes an HTTPRoute/,
  },
  'a NetworkPolicy': {
    spec: { networkPolicy: { from: [{ podSelector: {} }] } },
    change: { networkPolicy: { from: [{ ipBlock: { cidr: '0.0.0.0/0' } }] } },
    without: { networkPolicy: null },
    right: { group: 'networking.k8s.io', resource: 'networkpolicies' },
    says: /spec\.networkPolicy makes a NetworkPolicy/,
  },
  'a PodMonitor': {
    spec: { monitoring: {} },
    change: { monitoring: { interval: '1s' } },
    without: { monitoring: null },
    right: { group: 'monitoring.coreos.com', resource: 'podmonitors' },
    says: /spec\.monitoring makes a PodMonitor/,
  },
  'a ServiceMonitor': {
    spec: { monitoring: { kind: 'ServiceMonitor' } },
    change: { monitoring: { labels: { team: 'other' } } },
    without: { monitoring: null },
    right: { group: 'monitoring.coreos.com', resource: 'servicemonitors' },
    says: /spec\.monitoring makes a ServiceMonitor/,
  },
};

/** What everybody who writes AppServers may have. */
const free: Record<string, object> = {
  'nothing but an application': {},
  'an autoscaler': { resources: { requests: { cpu: '10m' } }, autoscaling: { maxReplicas: 3 } },
  'a disruption budget': { disruption: { maxUnavailable: 1 } },
  'more ports inside of the cluster': { service: { ports: [{ name: 'grpc', port: 9_090 }] } },
  'annotations that are on the list': {
    service: { annotations: { 'prometheus.io/scrape': 'true' } },
    podTemplate: { metadata: { annotations: { 'checksum/config': 'x', 'kubectl.kubernetes.io/restartedAt': 'now' } } },
  },
  'labels and annotations of children that are on the list': {
    deployment: { labels: { team: 'a' }, annotations: { 'prometheus.io/scrape': 'true' } },
    serviceAccount: { labels: { team: 'a' } },
    disruption: { enabled: true, annotations: { 'checksum/x': 'x' } },
  },
  'how a Service sends inside of the cluster': {
    service: {
      portName: 'grpc',
      appProtocol: 'kubernetes.io/h2c',
      internalTrafficPolicy: 'Local',
      ipFamilies: ['IPv4'],
    },
  },
  'labels of pods': { podTemplate: { metadata: { labels: { team: 'a' } } } },
  'Secrets, as in a Deployment': { envFrom: [{ secretRef: { name: 'db' } }] },
};

/** Changes that concern nothing of what is asked for. */
const harmless: Record<string, object> = {
  labels: { metadata: { labels: { team: 'a' } } },
  'the number of replicas': { spec: { replicas: 0 } },
  'the rollout': { spec: { rollout: { minReadySeconds: 1 } } },
};

describe('a writer of AppServers', { concurrency: 1 }, () => {
  let team: Tenant;
  before(async () => {
    await installOperator();
    team = await tenant('a');
    await untilPoliciesHold(team);
  });
  after(() => team[Symbol.asyncDispose]());

  const shop = (spec: object): KubeObject => appServer(team.namespace, { replicas: 0, ...spec });

  /** One that an administrator has made. */
  async function existing(spec: object): Promise<KubeObject> {
    await client.json({ method: 'DELETE', path: path(types.AppServer, team.namespace, 'shop') }).catch(() => undefined);
    return create(types.AppServer, shop(spec), { as: client });
  }

  for (const [what, spec] of Object.entries(free)) {
    test(`needs no other right for ${what}`, async () => {
      await create(types.AppServer, shop(spec), dry(team.author));
    });
  }

  for (const [what, { spec, change, without, right, says }] of Object.entries(asked)) {
    test(`needs the right to create ${right.resource} for ${what}`, async () => {
      await forbidden(create(types.AppServer, shop(spec), dry(team.author)), says);
      const plain = await existing({});
      await forbidden(patch(types.AppServer, plain, { spec }, dry(team.author)), says);

      const made = await existing(spec);
      await forbidden(patch(types.AppServer, made, { spec: change }, dry(team.author)), says);
      for (const body of Object.values(harmless)) await patch(types.AppServer, made, body, dry(team.author));
      await patch(types.AppServer, made, { spec: without }, dry(team.author));

      const user = `with-${right.resource}-of-${team.namespace}`;
      await grant(team.namespace, user, [
        writesAppServers,
        { apiGroups: [right.group], resources: [right.resource], verbs: ['create'] },
      ]);
      const entitled = clientAs(user);
      await untilAllowed(() => create(types.AppServer, appServer(team.namespace, spec, 'other'), dry(entitled)));
      await patch(types.AppServer, made, { spec: change }, dry(entitled));
    });
  }

  test('is judged in the same way for the largest AppServer', async () => {
    const made = await existing(largest);
    await patch(types.AppServer, made, { spec: { image: 'registry.example.com/shop:2' } }, dry(team.author));
    const last = { env: [...largest.env.slice(0, -1), { name: 'LAST', value: 'x' }] };
    await patch(types.AppServer, made, { spec: last }, dry(team.author));
    const exposed = { spec: { ...last, service: { type: 'NodePort' } } };
    await forbidden(patch(types.AppServer, made, exposed, dry(team.author)), /spec\.service makes/);
  });

  test('scales without any question', async () => {
    const made = await existing({ automountServiceAccountToken: true, service: { type: 'NodePort' } });
    const scale = `${path(types.AppServer, team.namespace, made.metadata.name)}/scale`;
    const body = { spec: { replicas: 0 } };
    const contentType = 'application/merge-patch+json';
    await team.author.json({ method: 'PATCH', path: scale, body, contentType });
  });

  test('is not asked for what the list of the chart allows', async () => {
    await destroy(types.AppServer, team.namespace, 'shop');
    await installOperator('--set', 'admissionPolicy.allowedAnnotations={example.com/*,team}');
    const annotated = (key: string): KubeObject => shop({ service: { annotations: { [key]: 'x' } } });
    await untilAllowed(() => create(types.AppServer, annotated('example.com/expose'), dry(team.author)));
    await create(types.AppServer, annotated('team'), dry(team.author));
    for (const key of ['teams', 'example.org/expose', 'prometheus.io/scrape']) {
      await forbidden(create(types.AppServer, annotated(key), dry(team.author)), /spec\.service\.annotations makes/);
    }
    await installOperator('--set-json', 'admissionPolicy.allowedAnnotations=[]');
    await untilForbidden(
      () => create(types.AppServer, annotated('team'), dry(team.author)),
      /spec\.service\.annotations makes/,
    );
  });

  test('finds nothing wrong in the policies themselves', async () => {
    const answer = await client.json({
      method: 'GET',
      path: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    });
    const { items } = answer as {
      items: { metadata: { name: string }; status?: { typeChecking?: { expressionWarnings?: object[] } } }[];
    };
    const warned = items.filter(({ status }) => (status?.typeChecking?.expressionWarnings ?? []).length > 0);
    assert.deepEqual(
      warned.map(({ metadata, status }) => [metadata.name, status?.typeChecking]),
      [],
    );
  });
});

const many = <T>(length: number, of: (i: number) => T): T[] => Array.from({ length }, (_, i) => of(i));

/** As large as the schema and etcd let one be, with nothing in it that is asked for. */
const largest = {
  env: many(256, (i) => ({ name: `VARIABLE_${i}`, value: 'x'.repeat(2_000) })),
  envFrom: many(64, (i) => ({ configMapRef: { name: `settings-${i}` } })),
  volumes: many(64, (i) => ({
    name: `volume-${i}`,
    projected: { sources: many(8, (k) => ({ configMap: { name: `settings-${k}` } })) },
  })),
  volumeMounts: many(64, (i) => ({ name: `volume-${i}`, mountPath: `/mounted/${i}` })),
  service: { annotations: Object.fromEntries(many(32, (i) => [`prometheus.io/${i}`, 'x'])) },
  podTemplate: {
    metadata: { annotations: Object.fromEntries(many(32, (i) => [`checksum/${i}`, 'x'.repeat(64)])) },
    spec: {
      containers: many(32, (i) => ({
        name: `sidecar-${i}`,
        image: 'registry.example.com/sidecar:1',
        env: many(64, (k) => ({ name: `VARIABLE_${k}`, value: 'x'.repeat(64) })),
      })),
    },
  },
};

const usesSecrets: Record<string, object> = {
  'in a variable': { env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }] },
  'in all variables': { envFrom: [{ secretRef: { name: 'db' } }] },
  'in a volume': { volumes: [{ name: 'db', secret: { secretName: 'db' } }] },
  'in a projected volume': { volumes: [{ name: 'db', projected: { sources: [{ secret: { name: 'db' } }] } }] },
  'by way of a CSI driver': {
    volumes: [{ name: 'db', csi: { driver: 'x', nodePublishSecretRef: { name: 'db' } } }],
  },
  'in a volume of podTemplate': { podTemplate: { spec: { volumes: [{ name: 'db', secret: { secretName: 'db' } }] } } },
  'in a container of podTemplate': {
    podTemplate: { spec: { containers: [{ name: 'side', image: 'x', envFrom: [{ secretRef: { name: 'db' } }] }] } },
  },
  'in an init container of podTemplate': {
    podTemplate: {
      spec: {
        initContainers: [
          { name: 'init', image: 'x', env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'db', key: 'a' } } }] },
        ],
      },
    },
  },
};

const usesNone: Record<string, object> = {
  'an application alone': {},
  'variables from elsewhere': {
    env: [
      { name: 'A', value: 'x' },
      { name: 'B', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'C', valueFrom: { configMapKeyRef: { name: 'a', key: 'b' } } },
    ],
    envFrom: [{ prefix: 'A_', configMapRef: { name: 'a' } }],
  },
  'volumes from elsewhere': {
    volumes: [
      { name: 'a', emptyDir: {} },
      { name: 'b', configMap: { name: 'a' } },
      { name: 'c', persistentVolumeClaim: { claimName: 'c' } },
      { name: 'd', projected: { sources: [{ configMap: { name: 'a' } }, { downwardAPI: { items: [] } }] } },
    ],
  },
};

describe('where Secrets are asked for', { concurrency: 1 }, () => {
  let team: Tenant;
  const says = /the spec gives Secrets to its pods .* ask for the verb get on secrets in namespace team-a/;
  const secretReader = (): KubeClient => clientAs(`reader-of-${team.namespace}`);
  before(async () => {
    await installOperator('--set', 'admissionPolicy.secrets=true');
    team = await tenant('a');
    await grant(team.namespace, `reader-of-${team.namespace}`, [
      writesAppServers,
      { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
    ]);
    const probe = appServer(team.namespace, { replicas: 0, envFrom: [{ secretRef: { name: 'x' } }] });
    await untilForbidden(() => create(types.AppServer, probe, { as: team.author, dryRun: true }), says);
    await untilAllowed(() => create(types.AppServer, probe, { as: secretReader(), dryRun: true }));
  });
  after(() => team[Symbol.asyncDispose]());

  for (const [where, spec] of Object.entries(usesSecrets)) {
    test(`a Secret ${where} needs the right to get Secrets`, async () => {
      const shop = appServer(team.namespace, { replicas: 0, ...spec });
      await forbidden(create(types.AppServer, shop, { as: team.author, dryRun: true }), says);
      await create(types.AppServer, shop, { as: secretReader(), dryRun: true });
    });
  }

  for (const [what, spec] of Object.entries(usesNone)) {
    test(`${what} needs no right to Secrets`, async () => {
      const shop = appServer(team.namespace, { replicas: 0, ...spec });
      await create(types.AppServer, shop, { as: team.author, dryRun: true });
    });
  }

  test('the largest AppServer is judged in the same way', async () => {
    const shop = appServer(team.namespace, { replicas: 0, ...largest }, 'large');
    const made = await create(types.AppServer, shop, { as: client });
    await patch(
      types.AppServer,
      made,
      { spec: { image: 'registry.example.com/shop:2' } },
      { as: team.author, dryRun: true },
    );
    const leak = {
      spec: {
        env: [...largest.env.slice(0, -1), { name: 'LAST', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }],
      },
    };
    await forbidden(patch(types.AppServer, made, leak, { as: team.author, dryRun: true }), says);
  });

  test('what no pod can have is allowed, for the Deployment to be refused, or refused with a sentence', async () => {
    const nonsense = [
      null,
      'x',
      7,
      true,
      [],
      [null],
      ['x'],
      [[{}]],
      [{ env: null }],
      [{ projected: { sources: 'x' } }],
      {},
    ];
    for (const field of [
      'volumes',
      'containers',
      'initContainers',
      'serviceAccountName',
      'automountServiceAccountToken',
    ]) {
      for (const value of nonsense) {
        const shop = appServer(team.namespace, { podTemplate: { spec: { [field]: value } } }, 'nonsense');
        await create(types.AppServer, shop, { as: team.author, dryRun: true }).catch((error: unknown) => {
          assert.ok(error instanceof ApiError, String(error));
          const { status, message } = error;
          assert.ok(status === 403 || status === 422, `${field}: ${JSON.stringify(value)}: ${status} ${message}`);
        });
      }
    }
  });

  test('what runs with a Secret is asked for as well', async () => {
    const shop = appServer(team.namespace, { replicas: 0, envFrom: [{ secretRef: { name: 'db' } }] });
    const made = await create(types.AppServer, shop, { as: client });
    const leak = { spec: { hooks: { beforeStop: { command: ['/bin/sh', '-c', 'env'] } } } };
    await forbidden(patch(types.AppServer, made, leak, { as: team.author, dryRun: true }), says);
    await patch(types.AppServer, made, leak, { as: secretReader(), dryRun: true });
    await patch(types.AppServer, made, { spec: { replicas: 1 } }, { as: team.author, dryRun: true });
    await patch(types.AppServer, made, { spec: { envFrom: null } }, { as: team.author, dryRun: true });
  });
});
