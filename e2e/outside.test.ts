// The operator as a process outside of the cluster, with a kubeconfig.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { operatorDir } from '../scripts/build.ts';
import { imageNames } from '../scripts/images.ts';
import { applyAs, client, destroy, eventually, kubeconfig, types } from './harness/api.ts';
import { appServer, create, namespace, untilReady, untilReason } from './harness/appserver.ts';
import { applyCrd, kubectl, removeOperator } from './harness/operator.ts';
import { path } from '../src/kube/index.ts';

interface Running extends AsyncDisposable {
  /** What it wrote so far. */
  output(): string;
  /** Exit code, once it has ended. */
  readonly ended: Promise<number | null>;
  /** Asks it to end and returns its exit code. */
  stop(): Promise<number | null>;
}

function startOperator(...args: readonly string[]): Running {
  const bundle = join(operatorDir, 'operator.mjs');
  const child = spawn(process.execPath, [bundle, `--runtime-image=${imageNames.runtime}`, '--admin-port=0', ...args]);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM');
    return ended;
  };
  return {
    output: () => output,
    ended,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/** A kubeconfig for a service account with these rules alone. */
async function limitedKubeconfig(dir: string, rules: readonly object[]): Promise<string> {
  const name = 'limited-operator';
  await applyAs(types.ServiceAccount, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: 'default' },
  });
  await applyAs(types.ClusterRole, { apiVersion: '', kind: '', metadata: { name }, rules });
  await applyAs(types.ClusterRoleBinding, {
    apiVersion: '',
    kind: '',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: 'default' }],
  });
  const { status } = (await client.json({
    method: 'POST',
    path: `${path(types.ServiceAccount, 'default', name)}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  })) as { status: { token: string } };
  const config = JSON.parse(await kubectl('config', 'view', '--raw', '-o', 'json')) as {
    users: object[];
    contexts: { context: { user: string } }[];
  };
  config.users = [{ name, user: { token: status.token } }];
  for (const { context } of config.contexts) context.user = name;
  const file = join(dir, 'kubeconfig');
  writeFileSync(file, JSON.stringify(config));
  return file;
}

const all = ['get', 'list', 'watch', 'create', 'patch', 'delete'];
const withoutLeases = [
  {
    apiGroups: ['appserver.dev'],
    resources: ['appservers', 'appservers/status', 'appservers/finalizers'],
    verbs: [...all, 'update'],
  },
  {
    apiGroups: ['', 'apps', 'networking.k8s.io', 'autoscaling', 'policy'],
    resources: ['*'],
    verbs: ['get', 'list', 'watch'],
  },
  { apiGroups: [''], resources: ['serviceaccounts', 'configmaps', 'events'], verbs: all },
  {
    apiGroups: ['apps', 'policy'],
    resources: ['deployments', 'poddisruptionbudgets'],
    verbs: all,
  },
];
const withoutServices = [
  ...withoutLeases,
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: [...all, 'update'] },
];

describe('operator outside of the cluster', () => {
  const dir = mkdtempSync(join(tmpdir(), 'appserver-e2e-'));
  before(removeOperator);
  after(async () => {
    rmSync(dir, { recursive: true });
    await removeOperator();
    for (const type of [types.ClusterRole, types.ClusterRoleBinding])
      await destroy(type, undefined, 'limited-operator');
  });

  test('says that the CRD is missing, goes on when it is there, and ends in order', async () => {
    await using operator = startOperator(`--kubeconfig=${kubeconfig}`);
    await eventually('the error', async () => (operator.output().includes('CRD_MISSING') ? true : undefined));
    assert.match(
      operator.output(),
      /CRD_MISSING: the API server knows no appservers .*\. Install it: kubectl apply --server-side -f crds\//,
    );
    await applyCrd();
    await using ns = await namespace();
    await create(appServer(ns.name, { replicas: 1 }));
    await untilReady(ns.name);
    assert.equal(await operator.stop(), 0);
    assert.match(operator.output(), /"msg":"stopped"/);
  });

  test('says that it may not have the Lease, and acts when it may', async () => {
    await applyCrd();
    const limited = await limitedKubeconfig(dir, withoutLeases);
    await using operator = startOperator(`--kubeconfig=${limited}`);
    await eventually('told', async () => (operator.output().includes('LEADER_ELECTION_FAILED') ? true : undefined));
    assert.match(
      operator.output(),
      /LEADER_ELECTION_FAILED: Lease default\/appserver-operator: leases.* is forbidden.*\. Check that the operator may create/,
    );
    assert.doesNotMatch(operator.output(), /"msg":"leading"/);
    await limitedKubeconfig(dir, withoutServices);
    await eventually('leading', async () => (operator.output().includes('"msg":"leading"') ? true : undefined));
    assert.equal(await operator.stop(), 0);
  });

  test('says which right it lacks for a child, and goes on when it has it', async () => {
    await applyCrd();
    const limited = await limitedKubeconfig(dir, withoutServices);
    await using operator = startOperator(`--kubeconfig=${limited}`);
    await using ns = await namespace();
    await create(appServer(ns.name, { replicas: 1 }));
    const { message } = await untilReason(ns.name, 'OperatorForbidden');
    assert.match(
      message,
      /The operator may not write Service shop: .*cannot patch resource "services".*; grant its service account this right/,
    );
    await limitedKubeconfig(dir, [...withoutServices, { apiGroups: [''], resources: ['services'], verbs: all }]);
    await untilReady(ns.name);
    assert.equal(await operator.stop(), 0);
  });

  const wrongStarts: Record<string, { args: string[]; says: RegExp }> = {
    'a kubeconfig that is not there': {
      args: ['--kubeconfig=/nowhere/config'],
      says: /^KUBECONFIG_INVALID: there is no file \/nowhere\/config\. Name a kubeconfig/,
    },
    'a context that is not there': {
      args: [`--kubeconfig=${kubeconfig}`, '--context=nowhere'],
      says: /^KUBECONFIG_INVALID: .*nowhere.*Name a kubeconfig/,
    },
    'no runtime image': {
      args: [`--kubeconfig=${kubeconfig}`, '--runtime-image='],
      says: /^RUNTIME_IMAGE_MISSING: .*--runtime-image or RUNTIME_IMAGE/,
    },
    'an admin port that is taken': {
      args: [`--kubeconfig=${kubeconfig}`, '--admin-port=8181'],
      says: /^ADMIN_PORT_IN_USE: cannot listen on port 8181/m,
    },
  };
  for (const [name, { args, says }] of Object.entries(wrongStarts)) {
    test(`ends with a sentence on stderr: ${name}`, async () => {
      // CoreDNS has port 8181 of this namespace.
      await using operator = startOperator(...args);
      assert.equal(await operator.ended, 1);
      assert.match(operator.output(), says);
    });
  }
});
