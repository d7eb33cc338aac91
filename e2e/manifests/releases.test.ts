// Several releases of the chart in one cluster, one after the other and side by side, with the real Helm.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import packageJson from '../../package.json' with { type: 'json' };
import { join } from 'node:path';
import { run } from '../cluster/command.ts';
import { binDir } from '../cluster/layout.ts';
import { path, resourceType } from '../../src/kube/index.ts';
import { applyAs, client, eventually, get, kubeconfig, list, types } from '../harness/api.ts';
import { appServer } from '../harness/appserver.ts';
import { crdName } from '../cluster/established.ts';
import { applyCrd, helm, removeCrd } from '../harness/operator.ts';
import { install, newNamespace, olderChart, uninstall } from './installation.ts';

const policyType = resourceType(
  'admissionregistration.k8s.io/v1',
  'ValidatingAdmissionPolicy',
  'validatingadmissionpolicies',
);

const versionOfCrd = async (): Promise<string | undefined> =>
  (await get(types.CustomResourceDefinition, undefined, crdName))?.metadata.annotations?.['appserver.dev/version'];

async function establish(namespace: string): Promise<void> {
  // A new kind is served a moment after it is established.
  await eventually('an AppServer', async () => {
    await applyAs(types.AppServer, appServer(namespace));
    return true;
  });
}

/** What a release has made in its namespace. */
const madeIn = async (namespace: string): Promise<string[]> => {
  const made = [types.ServiceAccount, types.Deployment, types.Role, types.RoleBinding, types.Secret];
  return (await Promise.all(made.map((type) => list(type, namespace)))).flat().map(({ metadata }) => metadata.name);
};

async function nothingIsMadeIn(namespace: string, attempt: Promise<unknown>, says: RegExp): Promise<string> {
  let message = '';
  await assert.rejects(attempt, (error) => {
    message = String(error);
    assert.match(message, says);
    return true;
  });
  assert.deepEqual(await madeIn(namespace), []);
  return message;
}

describe('releases of the chart', { concurrency: 1 }, () => {
  before(removeCrd);
  after(async () => {
    await removeCrd();
    await applyCrd();
  });

  const releases = [
    ['have one name in two namespaces', 'appserver-operator', 'appserver-operator'],
    ['have names of which one begins like the other', 'operator', 'operator-view'],
    ['have different names', 'first', 'second'],
  ] as const;
  for (const [what, firstName, secondName] of releases) {
    test(`that ${what} are installed side by side, upgraded and uninstalled`, async () => {
      const [shared, ownFirst, ownSecond] = [await newNamespace(), await newNamespace(), await newNamespace()];
      // Names of namespaces and releases together could be read in two ways.
      const first = { name: firstName, namespace: await newNamespace() };
      const second = { name: secondName, namespace: await newNamespace() };
      const watching = (...names: string[]): string[] => ['--set', `watchNamespaces={${names.join(',')}}`];
      await install({ ...first, values: watching(shared, ownFirst) });
      await install({ ...second, values: watching(shared, ownSecond) });
      await install({ ...first, values: [...watching(ownFirst), '--set', 'log.level=debug'] });
      await uninstall(first);
      assert.equal(await versionOfCrd(), packageJson.version, 'the CRD is kept');
      assert.ok((await madeIn(second.namespace)).length > 0);
      assert.ok((await list(types.Role, shared)).length === 1);
      await uninstall(second);
      assert.deepEqual(await list(types.Role, shared), []);
      const left = (await list(policyType)).map(({ metadata }) => metadata.name);
      const of = [first, second].map(({ namespace }) => `.${namespace}.writers`);
      assert.deepEqual(
        left.filter((name) => of.some((end) => name.endsWith(end))),
        [],
      );
    });
  }

  test('take over what an uninstall keeps, under any name, and stored applications survive', async () => {
    await removeCrd();
    const [apps, namespace] = [await newNamespace(), await newNamespace()];
    await install({ name: 'first', namespace });
    await establish(apps);
    const uid = (await get(types.AppServer, apps, 'shop'))?.metadata.uid;
    await uninstall({ name: 'first', namespace });
    const elsewhere = await newNamespace();
    await install({ name: 'another', namespace: elsewhere });
    await install({ name: 'another', namespace: elsewhere, values: ['--set', 'log.level=debug'] });
    assert.equal((await get(types.AppServer, apps, 'shop'))?.metadata.uid, uid);
    await uninstall({ name: 'another', namespace: elsewhere });
    assert.equal((await get(types.AppServer, apps, 'shop'))?.metadata.uid, uid);
    await install({ name: 'first', namespace });
    await uninstall({ name: 'first', namespace });
  });

  test('leave a CRD alone that was installed without Helm', async () => {
    await removeCrd();
    await applyCrd();
    const earlier = await get(types.CustomResourceDefinition, undefined, crdName);
    const release = { name: 'operator', namespace: await newNamespace() };
    await install(release);
    await install({ ...release, values: ['--set', 'log.level=debug'] });
    const now = await get(types.CustomResourceDefinition, undefined, crdName);
    assert.equal(now?.metadata.resourceVersion, earlier?.metadata.resourceVersion);
    await uninstall(release);
    assert.ok(await get(types.CustomResourceDefinition, undefined, crdName));
  });

  test('upgrade the CRD that is their own', async () => {
    await removeCrd();
    using older = olderChart('0.2.9');
    const release = { name: 'operator', namespace: await newNamespace() };
    await install({ ...release, chart: older.path });
    assert.equal(await versionOfCrd(), '0.2.9');
    await establish(release.namespace);
    await install(release);
    assert.equal(await versionOfCrd(), packageJson.version);
    assert.ok(await get(types.AppServer, release.namespace, 'shop'));
    await uninstall(release);
  });

  test('refuse an older CRD of an uninstalled release, and the command in the message makes it theirs', async () => {
    await removeCrd();
    using older = olderChart('0.2.9');
    const [oldNamespace, namespace] = [await newNamespace(), await newNamespace()];
    await install({ name: 'old', namespace: oldNamespace, chart: older.path });
    await establish(oldNamespace);
    await uninstall({ name: 'old', namespace: oldNamespace });
    const message = await nothingIsMadeIn(
      namespace,
      install({ name: 'new', namespace }),
      /appservers\.appserver\.dev is older than this chart, .* Nothing was installed\. It belongs to release old in namespace /,
    );
    const [command] = /kubectl annotate --overwrite crd \S+ \S+ \S+/.exec(message) ?? assert.fail(message);
    await run(['sh', '-c', command], {
      env: { KUBECONFIG: kubeconfig, PATH: `${binDir}:${process.env['PATH'] ?? ''}` },
    });
    await install({ name: 'new', namespace });
    assert.equal(await versionOfCrd(), packageJson.version);
    assert.ok(await get(types.AppServer, oldNamespace, 'shop'));
    await uninstall({ name: 'new', namespace });
  });

  test('refuse an older CRD that was installed without Helm, and the remedy of the message helps', async () => {
    await removeCrd();
    using older = olderChart('0.2.9');
    const namespace = await newNamespace();
    const input = await helm('template', 'x', older.path, '--show-only', 'templates/crd.yaml');
    await run([join(binDir, 'kubectl'), 'apply', '--server-side', '-f', '-'], {
      env: { KUBECONFIG: kubeconfig },
      input,
    });
    await nothingIsMadeIn(
      namespace,
      install({ name: 'new', namespace }),
      /It was installed without Helm: upgrade it in the same way, with kubectl apply --server-side -f crds/,
    );
    await applyCrd();
    await install({ name: 'new', namespace });
    await uninstall({ name: 'new', namespace });
  });

  test('refuse namespaces that do not exist or are being deleted, before anything is made', async () => {
    const [watched, ending, namespace] = [await newNamespace(), await newNamespace(), await newNamespace()];
    await client.json({ method: 'DELETE', path: path(types.Namespace, undefined, ending) });
    const says = (names: string): RegExp =>
      new RegExp(`watchNamespaces: these namespaces do not exist or are being deleted: ${names}\\. Create them`);
    for (const [names, missing] of [
      [`${watched},nowhere,${ending}`, `nowhere, ${ending}`],
      ['nowhere', 'nowhere'],
    ] as const) {
      const values = ['--set', `watchNamespaces={${names}}`];
      await nothingIsMadeIn(namespace, install({ name: 'operator', namespace, values }), says(missing));
      const created = { name: 'operator', namespace: `${namespace}-new`, values: [...values, '--create-namespace'] };
      await assert.rejects(install(created), says(missing));
      assert.deepEqual(await list(types.Role, watched), []);
    }
    const release = { name: 'operator', namespace };
    await install({ ...release, values: ['--set', `watchNamespaces={${watched}}`] });
    await uninstall(release);
  });
});
