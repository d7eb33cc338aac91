// Which cluster the demonstration runs on: the one that is named, kind where Docker answers, else the embedded one.
import { join } from 'node:path';
import { down, up } from '../e2e/cluster/cluster.ts';
import { inNamespace, run, succeeds } from '../e2e/cluster/command.ts';
import { binDir, defaultPrefix, layout, repository } from '../e2e/cluster/layout.ts';
import { say, step } from '../e2e/cluster/progress.ts';
import { canRunCluster, ensureTools } from '../e2e/cluster/tools.ts';
import { buildImages, operatorDir, runtimeDir } from './build.ts';
import { ensureFlaskImage, ensureProductImages, imageNames } from './images.ts';

export interface DemoCluster {
  /** Runs kubectl or helm against the cluster and returns stdout. */
  readonly run: (...command: readonly string[]) => Promise<string>;
  /** How a user reaches it. */
  readonly hint: string;
  /** Removes what the demonstration made. */
  readonly clear: () => Promise<void>;
}

const commandExists = (name: string): Promise<boolean> => succeeds(['sh', '-c', `command -v ${name}`]);

async function removeFromCluster(cluster: Pick<DemoCluster, 'run'>): Promise<void> {
  // The AppServer first, while its operator is there.
  await cluster.run('kubectl', 'delete', 'appserver', 'shop', '--ignore-not-found');
  await cluster.run('helm', 'uninstall', 'appserver-operator', '--namespace', 'appserver-system', '--ignore-not-found');
  await cluster.run('kubectl', 'delete', 'crd', 'appservers.appserver.dev', '--ignore-not-found');
  await cluster.run('kubectl', 'delete', 'namespace', 'appserver-system', '--ignore-not-found', '--wait=false');
}

async function existing(context: string): Promise<DemoCluster> {
  for (const tool of ['kubectl', 'helm']) {
    if (!(await commandExists(tool)))
      throw new Error(`${tool} is missing; install it, or leave --context out for a cluster of the demo's own`);
  }
  const flag = (program: string): string => (program === 'helm' ? `--kube-context=${context}` : `--context=${context}`);
  const inContext = (program = '', ...args: readonly string[]): Promise<string> =>
    run([program, flag(program), ...args]);
  if (!(await succeeds(['kubectl', flag('kubectl'), 'get', 'namespaces']))) {
    throw new Error(
      `the cluster of context "${context}" does not answer; list the contexts with: kubectl config get-contexts`,
    );
  }
  say(`Using context ${context}; its nodes must have ${Object.values(imageNames).join(', ')}.`);
  return {
    run: inContext,
    hint: `kubectl --context ${context} get appservers`,
    clear: () => removeFromCluster({ run: inContext }),
  };
}

async function kind(): Promise<DemoCluster> {
  const name = 'appserver-demo';
  await step('images, with Docker', async () => {
    await buildImages();
    const docker = (tag: string, dockerfile: string, context: string, ...args: readonly string[]): Promise<string> =>
      run(['docker', 'build', '--tag', tag, '--file', dockerfile, ...args, context]);
    await docker(imageNames.runtime, join(repository, 'images/runtime/Dockerfile'), join(runtimeDir, '..'));
    await docker(
      imageNames.operator,
      join(repository, 'images/operator/Dockerfile'),
      operatorDir,
      '--build-arg',
      `RUNTIME=${imageNames.runtime}`,
    );
    await docker(imageNames.flask, join(repository, 'examples/flask/Dockerfile'), join(repository, 'examples/flask'));
  });
  await step('kind cluster', () => run(['kind', 'create', 'cluster', '--name', name]));
  await step('images loaded', () =>
    run(['kind', 'load', 'docker-image', '--name', name, ...Object.values(imageNames)]),
  );
  const cluster = await existing(`kind-${name}`);
  return { ...cluster, clear: async () => void (await run(['kind', 'delete', 'cluster', '--name', name])) };
}

async function embedded(): Promise<DemoCluster> {
  const ability = await canRunCluster();
  if (ability.kind === 'unable') {
    throw new Error(
      `There is no Docker with kind, and the embedded cluster cannot run here: ${ability.why}. Or name a cluster with --context.`,
    );
  }
  await ensureTools();
  const images = [...(await ensureProductImages()), await ensureFlaskImage()];
  const cluster = layout(defaultPrefix('demo'));
  const clear = (): Promise<void> => down(cluster);
  const stop = (): void => void clear().finally(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  await up(cluster, { images });
  process.off('SIGINT', stop).off('SIGTERM', stop);
  const env = { KUBECONFIG: cluster.kubeconfig };
  return {
    run: (program = '', ...args) => run(inNamespace(cluster.namespace, join(binDir, program), ...args), { env }),
    hint: `npm run cluster -- --prefix ${cluster.prefix} exec kubectl get appservers`,
    clear,
  };
}

/** @throws when there is none, with what is missing and what to do instead */
export async function chooseCluster(context: string | undefined): Promise<DemoCluster> {
  if (context !== undefined) return existing(context);
  const dockerAnswers = await succeeds(['docker', 'info'], { timeoutMs: 10_000 }).catch(() => false);
  if (dockerAnswers && (await commandExists('kind')) && (await commandExists('helm'))) return kind();
  return embedded();
}
