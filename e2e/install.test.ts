// docs/install.md from its first command to its last, as it is written there: images pushed to a registry that asks for an
// account, the operator and an application pulled from it by the nodes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { push } from '../scripts/publish/copy.ts';
import { parseDestination } from '../scripts/publish/destination.ts';
import { ensureFlaskImage } from '../scripts/images.ts';
import { run } from './cluster/command.ts';
import { binDir, repository } from './cluster/layout.ts';
import { registryAddress } from './cluster/registry.ts';
import { eventually, get, kubeconfig, list, merge, types } from './harness/api.ts';
import { podUids, serviceUrl, untilReady } from './harness/appserver.ts';
import { kubectl, operatorNamespace, removeOperator } from './harness/operator.ts';
import { account, cluster, credentials, homeWith, startPrivateRegistry } from './harness/registry.ts';

const page = readFileSync(join(repository, 'docs/install.md'), 'utf8');
const team = `${registryAddress}/team`;
const version = (JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string }).version;

/** The commands of a section, block by block, for the registry of the test. */
function commands(heading: string): string[] {
  const section = page.split(/^## /m).find((one) => one.startsWith(`${heading}\n`));
  assert.ok(section, `docs/install.md has no section ${heading}`);
  const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.map((block) => block.replaceAll('registry.example.com', registryAddress));
}

const withPullSecret = (command: string): string =>
  command.replace(/(?=\nkubectl|\s*$)/, " \\\n  --set 'imagePullSecrets[0].name=registry'");

async function forgetImages(): Promise<void> {
  for (const { containerdSocket } of cluster.nodes) {
    const ctr = ['ctr', '-a', containerdSocket, '-n', 'k8s.io', 'images'];
    const names = (await run([...ctr, 'ls', '-q'])).split('\n').filter((name) => name.startsWith(registryAddress));
    if (names.length > 0) await run([...ctr, 'rm', ...names]);
  }
}

async function removeAll(): Promise<void> {
  await removeOperator();
  await kubectl('delete', 'namespace', operatorNamespace, 'shop', '--ignore-not-found');
}

/** Images that kubelets have pulled for pods of a namespace, by their own word. */
async function pulled(namespace: string): Promise<string> {
  const events = await list(types.Event, namespace);
  return events
    .filter((event) => event['reason'] === 'Pulled')
    .map((event) => String(event['note']))
    .join('\n');
}

describe('docs/install.md', { concurrency: 1 }, () => {
  const home = homeWith(credentials(account));
  const shell = (script: string): Promise<string> =>
    run(['bash', '-euo', 'pipefail', '-c', script], {
      cwd: repository,
      env: { HOME: home.path, KUBECONFIG: kubeconfig, PATH: `${binDir}:${process.env['PATH'] ?? ''}` },
    });
  let printed = '';

  before(async () => {
    await startPrivateRegistry();
    await removeAll();
    await forgetImages();
  });
  after(async () => {
    await removeAll();
    home[Symbol.dispose]();
  });

  test('1. the images are built and pushed, and the command that installs them is printed', async () => {
    const [build = ''] = commands('1. Build the images and push them');
    printed = await shell(build.replace('npm run images', 'npm run --silent images').replace(/$/m, ' --plain-http'));
    const [, install = ''] = commands('2. Install the operator');
    assert.ok(install.startsWith(printed), printed);
  });

  test('2. the operator is installed from the registry', async () => {
    const [secret = '', install = ''] = commands('2. Install the operator');
    await shell(secret);
    await shell(withPullSecret(install));
    assert.match(await pulled(operatorNamespace), new RegExp(`pulled image "${team}/operator:${version}"`));
  });

  test('3. an application is pushed, applied, ready and serving', async () => {
    const [build = '', apply = ''] = commands('3. Run an application');
    // There is no Docker here: the image is built from the same Dockerfile with buildah.
    const image = `${team}/shop:1`;
    assert.equal(build, `docker build --tag ${image} examples/flask\ndocker push ${image}\n`);
    const { archive } = await ensureFlaskImage();
    const file = join(home.path, '.docker/config.json');
    await push(archive, image, parseDestination(team), { plainHttp: true, credentials: file });
    assert.match(await shell(apply), /^shop +2\/2 /m);
    const notes = await pulled('shop');
    for (const name of [image, `${team}/runtime:${version}`]) assert.match(notes, new RegExp(`pulled image "${name}"`));
    const answer = await fetch(await serviceUrl('shop'));
    assert.equal(answer.status, 200);
  });

  test('Upgrade: the same commands with another tag replace the operator, and no pod of the application', async () => {
    const before_ = await podUids('shop');
    const tag = `${version}-next`;
    const [build = ''] = commands('1. Build the images and push them');
    const next = await shell(
      build.replace('npm run images', 'npm run --silent images').replace(/$/m, ` --plain-http --tag ${tag}`),
    );
    await shell(withPullSecret(next));
    await kubectl('rollout', 'status', 'deployment/appserver-operator', '-n', operatorNamespace, '--timeout=2m');
    assert.match(await pulled(operatorNamespace), new RegExp(`/operator:${tag}"`));
    await merge(types.AppServer, 'shop', 'shop', { spec: { service: { port: 8080 } } });
    await eventually('the new operator at work', async () => {
      const found = (await get(types.Service, 'shop', 'shop'))?.['spec'] as { ports: { port: number }[] } | undefined;
      return found?.ports[0]?.port === 8080 ? true : undefined;
    });
    await untilReady('shop');
    assert.deepEqual(await podUids('shop'), before_);
  });

  test('Uninstall: the operator goes, and the application goes on', async () => {
    const before_ = await podUids('shop');
    const [uninstall = ''] = commands('Uninstall');
    await shell(uninstall);
    assert.deepEqual(await podUids(operatorNamespace), []);
    assert.deepEqual(await podUids('shop'), before_);
    assert.equal((await fetch(await serviceUrl('shop'))).status, 200);
    assert.ok(await get(types.AppServer, 'shop', 'shop'));
  });

  test('Uninstall: everything goes, the applications too', async () => {
    const [, all = ''] = commands('Uninstall');
    await shell(all);
    await eventually('no pod of the application', async () =>
      (await podUids('shop')).length === 0 ? true : undefined,
    );
    assert.equal(await get(types.Namespace, undefined, operatorNamespace), undefined);
  });
});
