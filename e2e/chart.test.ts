// The Helm chart and install.yaml, with the real Helm.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get as httpsGet } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { CommandFailed, run } from './cluster/command.ts';
import { repository } from './cluster/layout.ts';
import { path as pathOf } from '../src/kube/index.ts';
import { installManifest } from '../scripts/install-manifest.ts';
import { applyAs, clientAs, eventually, get, list, merge, types } from './harness/api.ts';
import { appServer, create, namespace, podAddress, pods, restricted, untilReady } from './harness/appserver.ts';
import { helm, installOperator, kubectl, operatorNamespace, release, removeOperator } from './harness/operator.ts';

async function can(verb: string, resource: string): Promise<boolean> {
  const [type = '', subresource = ''] = resource.split('/');
  const account = `system:serviceaccount:${operatorNamespace}:${release}`;
  try {
    return (
      (
        await kubectl(
          'auth',
          'can-i',
          verb,
          type,
          `--subresource=${subresource}`,
          `--as=${account}`,
          '--all-namespaces',
        )
      ).trim() === 'yes'
    );
  } catch (error) {
    // It exits 1 to say no.
    if (error instanceof CommandFailed && error.message.includes('no')) return false;
    throw error;
  }
}

describe('Helm chart', () => {
  before(removeOperator);
  after(removeOperator);

  test('installs, upgrades and uninstalls under the restricted level, and applications outlive it', async () => {
    await installOperator();
    await using ns = await namespace();
    await create(appServer(ns.name, { replicas: 1 }));
    await untilReady(ns.name);
    const [first] = await pods(ns.name);

    await installOperator('--set', 'log.level=debug', '--set', 'concurrency=2');
    const [operator] = await eventually('one operator', async () => {
      const running = await pods(operatorNamespace);
      return running.length === 1 ? running : undefined;
    });
    assert.match(JSON.stringify(operator?.['spec']), /--log-level=debug.*--concurrency=2/);
    await merge(types.AppServer, ns.name, 'shop', { spec: { service: { port: 8080 } } });
    await eventually('the new operator at work', async () => {
      const found = (await get(types.Service, ns.name, 'shop'))?.['spec'] as { ports: { port: number }[] } | undefined;
      return found?.ports[0]?.port === 8080 ? true : undefined;
    });

    await helm('uninstall', release, '--namespace', operatorNamespace, '--wait');
    assert.deepEqual(await pods(operatorNamespace), []);
    assert.notEqual(
      await get(types.CustomResourceDefinition, undefined, 'appservers.appserver.dev'),
      undefined,
      'the CRD is kept',
    );
    assert.equal((await pods(ns.name))[0]?.metadata.uid, first?.metadata.uid, 'the application goes on');

    await installOperator();
    await untilReady(ns.name);
    assert.equal((await pods(ns.name))[0]?.metadata.uid, first?.metadata.uid, 'a new operator rolls nothing');
  });

  test('gives the operator no more rights than it needs', async () => {
    await installOperator();
    for (const [verb, resource] of [
      ['patch', 'deployments.apps'],
      ['list', 'pods'],
      ['patch', 'appservers.appserver.dev/status'],
      // What of them: the policies below.
      ['get', 'secrets'],
      ['patch', 'pods'],
    ] as const) {
      assert.ok(await can(verb, resource), `${verb} ${resource}`);
    }
    for (const [verb, resource] of [
      ['update', 'pods'],
      ['create', 'pods'],
      ['delete', 'pods'],
      ['create', 'pods/exec'],
      ['patch', 'appservers.appserver.dev'],
      ['get', 'nodes'],
      ['create', 'clusterroles.rbac.authorization.k8s.io'],
      ['create', 'serviceaccounts/token'],
    ] as const) {
      assert.ok(!(await can(verb, resource)), `${verb} ${resource}`);
    }
    await installOperator('--set', 'restartOn.kinds={ConfigMap}');
    assert.ok(!(await can('get', 'secrets')), 'Secrets are not looked at');
  });

  test('holds the operator to its own annotation on pods', async () => {
    await installOperator();
    await using ns = await namespace(restricted);
    await create(appServer(ns.name, { replicas: 1 }));
    await untilReady(ns.name);
    const [pod] = await pods(ns.name);
    assert.ok(pod);
    const operator = clientAs(`system:serviceaccount:${operatorNamespace}:${release}`);
    const patch = (body: object): Promise<unknown> =>
      operator.json({
        method: 'PATCH',
        path: pathOf(types.Pod, ns.name, pod.metadata.name),
        body,
        contentType: 'application/merge-patch+json',
      });
    await patch({ metadata: { annotations: { 'appserver.dev/live-revision': 'x' } } });
    const forbidden = /may change nothing of a pod but its annotation appserver\.dev\/live-revision/;
    for (const body of [
      { metadata: { annotations: { other: 'x' } } },
      { metadata: { annotations: { 'kubectl.kubernetes.io/default-container': null } } },
      { metadata: { labels: { team: 'x' } } },
      { metadata: { ownerReferences: null } },
      { spec: { activeDeadlineSeconds: 1 } },
    ]) {
      await eventually(`refused: ${JSON.stringify(body)}`, async () => {
        await assert.rejects(patch(body), forbidden);
        return true;
      });
    }
  });

  test('lets users name only service accounts that they may use', async () => {
    await installOperator();
    await using ns = await namespace();
    const rbac = 'rbac.authorization.k8s.io';
    const grant = async (name: string, rule: object): Promise<void> => {
      const metadata = { name, namespace: ns.name };
      const roleRef = { apiGroup: rbac, kind: 'Role', name };
      const subjects = [{ apiGroup: rbac, kind: 'User', name: 'alice' }];
      await applyAs(types.Role, { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules: [rule] });
      await applyAs(types.RoleBinding, { apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata, roleRef, subjects });
    };
    await grant('author', {
      apiGroups: ['appserver.dev'],
      resources: ['appservers'],
      verbs: ['get', 'create', 'patch'],
    });
    const file = join(tmpdir(), `${ns.name}.json`);
    const applyAsAlice = (spec: object): Promise<string> => {
      writeFileSync(file, JSON.stringify(appServer(ns.name, { replicas: 0, ...spec })));
      return kubectl('apply', '--server-side', '--as=alice', '--dry-run=server', '-f', file);
    };
    await eventually('the policy in force', async () => {
      try {
        await applyAsAlice({ serviceAccountName: 'treasurer' });
        return undefined;
      } catch (error) {
        return /you may use; ask for the verb use on serviceaccounts\/treasurer/.test(String(error)) ? true : undefined;
      }
    });
    await applyAsAlice({});
    await grant('treasurer', {
      apiGroups: [''],
      resources: ['serviceaccounts'],
      resourceNames: ['treasurer'],
      verbs: ['use'],
    });
    await eventually('allowed', async () =>
      (await applyAsAlice({ serviceAccountName: 'treasurer' })) ? true : undefined,
    );
    await assert.rejects(applyAsAlice({ serviceAccountName: 'admin' }), /serviceaccounts\/admin/);
    rmSync(file);
  });

  test('serves metrics over TLS to those who may', async () => {
    const [key, cert] = [join(tmpdir(), 'metrics.key'), join(tmpdir(), 'metrics.crt')];
    const request = ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    await run([...request, '-days', '1', '-subj', '/CN=operator', '-keyout', key, '-out', cert]);
    await installOperator();
    const inOperators = ['-n', operatorNamespace];
    await kubectl('create', 'secret', 'tls', 'metrics', `--cert=${cert}`, `--key=${key}`, ...inOperators);
    await installOperator('--set', 'metrics.tlsSecretName=metrics');
    const [pod] = await eventually('one operator', async () => {
      const running = await pods(operatorNamespace);
      return running.length === 1 ? running : undefined;
    });
    assert.ok(pod);
    for (const name of ['scraper', 'stranger']) await kubectl('create', 'serviceaccount', name, ...inOperators);
    const account = `--serviceaccount=${operatorNamespace}:scraper`;
    await kubectl('create', 'clusterrolebinding', 'scraper', `--clusterrole=${release}-metrics-reader`, account);
    const ask = async (path: string, authorization?: string): Promise<{ status: number; body: string }> =>
      new Promise((resolve, reject) => {
        const url = `https://${podAddress(pod)}:8443${path}`;
        const headers = authorization === undefined ? {} : { authorization };
        httpsGet(url, { rejectUnauthorized: false, headers }, (response) => {
          text(response)
            .then((body) => resolve({ status: response.statusCode ?? 0, body }))
            .catch(reject);
        }).on('error', reject);
      });
    const tokenOf = async (name: string): Promise<string> =>
      `Bearer ${(await kubectl('create', 'token', name, ...inOperators)).trim()}`;
    assert.equal((await ask('/metrics')).status, 401);
    assert.equal((await ask('/metrics', 'Bearer nonsense')).status, 401);
    assert.equal((await ask('/metrics', await tokenOf('stranger'))).status, 403);
    const { status, body } = await ask('/metrics', await tokenOf('scraper'));
    assert.equal(status, 200);
    for (const name of ['workqueue_depth', 'leader_election_master_status{name="appserver-operator"} 1']) {
      assert.ok(body.includes(name), name);
    }
    assert.equal((await ask('/debug/profile', await tokenOf('scraper'))).status, 403, 'that is another path');
    assert.equal((await fetch(`http://${podAddress(pod)}:8080/metrics`)).status, 404);
    assert.equal((await fetch(`http://${podAddress(pod)}:8080/readyz`)).status, 200);
    await kubectl('delete', 'clusterrolebinding', 'scraper');
    await kubectl('delete', 'secret/metrics', 'serviceaccount/scraper', 'serviceaccount/stranger', ...inOperators);
  });

  test('watches the named namespaces alone, with rights in these alone', async () => {
    await using mine = await namespace();
    await using other = await namespace();
    await installOperator('--set', `watchNamespaces={${mine.name}}`);
    await create(appServer(other.name, { replicas: 1 }));
    await create(appServer(mine.name, { replicas: 1 }));
    await untilReady(mine.name);
    assert.equal((await get(types.AppServer, other.name, 'shop'))?.['status'], undefined);
    assert.deepEqual((await list(types.Deployment, other.name)).length, 0);
    assert.ok(!(await can('list', 'pods')));
  });

  test('refuses values that do not exist', async () => {
    await assert.rejects(installOperator('--set', 'replicaCount=3'), /replicaCount/);
  });

  test('install.yaml is the chart as it is, and the API server takes it', async () => {
    const file = join(repository, 'install.yaml');
    assert.equal(readFileSync(file, 'utf8'), await installManifest(), 'stale: run `npm run generate`');
    await removeOperator();
    const applied = await kubectl('apply', '--server-side', '--dry-run=server', '-f', file);
    assert.match(applied, /deployment\.apps\/appserver-operator serverside-applied/);
  });
});
