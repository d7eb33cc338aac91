// The Helm chart at work, with the real Helm. What needs no node: e2e/manifests.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { get as httpsGet } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { CommandFailed, run } from './cluster/command.ts';
import { path as pathOf, type KubeObject } from '../src/kube/index.ts';
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
      ['delete', 'replicasets.apps'],
    ] as const) {
      assert.ok(await can(verb, resource), `${verb} ${resource}`);
    }
    for (const [verb, resource] of [
      ['update', 'pods'],
      ['create', 'pods'],
      ['delete', 'pods'],
      ['create', 'pods/exec'],
      ['create', 'replicasets.apps'],
      ['patch', 'replicasets.apps'],
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
    await kubectl(
      'create',
      'clusterrolebinding',
      'scraper',
      `--clusterrole=${release}.${operatorNamespace}.metrics-reader`,
      account,
    );
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
    // As the definition has it for one that nobody has looked at.
    assert.deepEqual((await get(types.AppServer, other.name, 'shop'))?.['status'], { observedGeneration: 0 });
    assert.deepEqual((await list(types.Deployment, other.name)).length, 0);
    assert.ok(!(await can('list', 'pods')));
  });

  test('refuses values that do not exist', async () => {
    await assert.rejects(installOperator('--set', 'replicaCount=3'), /replicaCount/);
  });

  test('has two replicas by default on two nodes, of which an eviction takes one, and an upgrade is handed over', async () => {
    const two = ['--set', 'replicas=2'];
    await installOperator(...two);
    await using ns = await namespace();
    await create(appServer(ns.name, { replicas: 1 }));
    await untilReady(ns.name);
    const operators = async (): Promise<KubeObject[]> => {
      const running = await pods(operatorNamespace);
      assert.equal(running.length, 2);
      return running;
    };
    const nodes = (await eventually('two replicas', operators)).map(
      (pod) => (pod['spec'] as { nodeName: string }).nodeName,
    );
    assert.equal(new Set(nodes).size, 2, 'on different nodes');
    const budget = await eventually('the budget', async () => {
      const found = await get(types.PodDisruptionBudget, operatorNamespace, release);
      return (found?.['status'] as { disruptionsAllowed?: number } | undefined)?.disruptionsAllowed === 1
        ? found
        : undefined;
    });
    assert.deepEqual((budget['spec'] as { maxUnavailable: number }).maxUnavailable, 1);

    await installOperator(...two, '--set', 'log.level=debug');
    await eventually('two new replicas', operators);
    await merge(types.AppServer, ns.name, 'shop', { spec: { service: { port: 8080 } } });
    await eventually('the change, by the one that acts now', async () => {
      const found = (await get(types.Service, ns.name, 'shop'))?.['spec'] as { ports: { port: number }[] } | undefined;
      return found?.ports[0]?.port === 8080 ? true : undefined;
    });
  });

  test("gives whoever has Kubernetes' own roles rights to AppServers", async () => {
    await installOperator();
    await using ns = await namespace();
    const rbac = 'rbac.authorization.k8s.io';
    for (const role of ['view', 'edit', 'admin']) {
      await applyAs(types.RoleBinding, {
        ...{ apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: { name: role, namespace: ns.name } },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
        subjects: [{ apiGroup: rbac, kind: 'User', name: `${role}-user` }],
      });
    }
    const may = async (role: string, verb: string, resource: string): Promise<boolean> => {
      const [type = '', subresource = ''] = resource.split('/');
      const flags = [`--subresource=${subresource}`, `--as=${role}-user`, '-n', ns.name];
      try {
        return (await kubectl('auth', 'can-i', verb, `${type}.appserver.dev`, ...flags)).trim() === 'yes';
      } catch (error) {
        if (error instanceof CommandFailed && error.message.includes('no')) return false;
        throw error;
      }
    };
    const writes = ['create', 'update', 'patch', 'delete'].map((verb) => [verb, 'appservers'] as const);
    const scales = ['update', 'patch'].map((verb) => [verb, 'appservers/scale'] as const);
    for (const role of ['view', 'edit', 'admin']) {
      for (const verb of ['get', 'list', 'watch']) {
        await eventually(`${role} may ${verb}`, async () => ((await may(role, verb, 'appservers')) ? true : undefined));
      }
      for (const [verb, resource] of [...writes, ...scales]) {
        assert.equal(await may(role, verb, resource), role !== 'view', `${role} ${verb} ${resource}`);
      }
      assert.ok(!(await may(role, 'patch', 'appservers/status')), `${role} may write no status`);
    }
  });
});
