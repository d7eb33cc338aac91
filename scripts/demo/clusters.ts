// Which cluster the demonstration runs on: the one that is named, kind where Docker answers, else the embedded one.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { daemons, down, up } from '../../e2e/cluster/cluster.ts';
import { CommandFailed, inNamespace, run, succeeds } from '../../e2e/cluster/command.ts';
import { binDir, cacheDir, commandLine, defaultPrefix, layout, repository } from '../../e2e/cluster/layout.ts';
import { say, step } from '../../e2e/cluster/progress.ts';
import { canRunCluster, ensureToolsAndImages } from '../../e2e/cluster/tools.ts';
import { buildImages, operatorDir, runtimeDir } from '../build.ts';
import { ensureFlaskImage, ensureProductImages, imageNames } from '../images.ts';
import { exampleNamespace } from './manifests.ts';
import type { RunInCluster } from './requests.ts';

/** `borrowed`: somebody else's, where only objects are made and removed. `own`: made and taken down as a whole. */
export type DemoCluster = {
  readonly run: RunInCluster;
  /** For messages: `the cluster of context NAME`. */
  readonly name: string;
  /** How a user looks at the example. */
  readonly hint: string;
  /** Brings it up, or sees that it answers. */
  readonly start: () => Promise<void>;
} & (
  | { readonly kind: 'borrowed'; readonly kubectl: string }
  | {
      readonly kind: 'own';
      readonly takeDown: () => Promise<void>;
      /** The command that does the same; undefined when there is nothing to take down. */
      readonly removal: () => string | undefined;
      /** Whether it was made here and somebody else has taken it down. */
      readonly gone: () => boolean;
    }
);

const commandExists = (name: string): Promise<boolean> => succeeds(['sh', '-c', `command -v ${name}`]);

const getAppServers = `get appservers --namespace ${exampleNamespace}`;

function withFlags(flags: Readonly<Record<string, readonly string[]>>): RunInCluster {
  return ([program = '', ...args], options) => run([program, ...(flags[program] ?? []), ...args], options);
}

function existing(context: string): DemoCluster {
  const kubectl = `kubectl --context ${context}`;
  return {
    kind: 'borrowed',
    name: `the cluster of context ${context}`,
    kubectl,
    run: withFlags({ kubectl: [`--context=${context}`], helm: [`--kube-context=${context}`] }),
    hint: `${kubectl} ${getAppServers}`,
    start: async () => {
      for (const tool of ['kubectl', 'helm']) {
        if (!(await commandExists(tool)))
          throw new Error(`${tool} is missing; install it, or leave --context out for a cluster of the demo's own`);
      }
      if (!(await succeeds(['kubectl', `--context=${context}`, '--request-timeout=20s', 'get', 'namespaces']))) {
        throw new Error(
          `the cluster of context "${context}" does not answer; list the contexts with: kubectl config get-contexts`,
        );
      }
      say(`Using context ${context}; its nodes must have ${Object.values(imageNames).join(', ')}.`);
    },
  };
}

async function dockerImages(): Promise<void> {
  await buildImages();
  const docker = (tag: string, dockerfile: string, context: string, ...args: readonly string[]): Promise<string> =>
    run(['docker', 'build', '--tag', tag, '--file', dockerfile, ...args, context]);
  const inRepository = (path: string): string => join(repository, path);
  await docker(imageNames.runtime, inRepository('images/runtime/Dockerfile'), join(runtimeDir, '..'));
  const runtime = ['--build-arg', `RUNTIME=${imageNames.runtime}`];
  await docker(imageNames.operator, inRepository('images/operator/Dockerfile'), operatorDir, ...runtime);
  await docker(imageNames.flask, inRepository('examples/flask/Dockerfile'), inRepository('examples/flask'));
}

function kind(): DemoCluster {
  const name = 'appserver-demo';
  // A file of its own: in the user's, kind would switch the current context.
  const kubeconfig = ['--kubeconfig', join(cacheDir, 'demo-kind.kubeconfig')];
  let made = false;
  return {
    kind: 'own',
    name: `the kind cluster ${name}`,
    run: withFlags({ kubectl: kubeconfig, helm: kubeconfig }),
    hint: `kubectl ${kubeconfig.join(' ')} ${getAppServers}`,
    start: async () => {
      const all = (await run(['kind', 'get', 'clusters'])).split('\n');
      if (all.includes(name)) {
        throw new Error(
          `there is a kind cluster ${name}; end the demo that made it, or remove it with: kind delete cluster --name ${name}`,
        );
      }
      await step('images, with Docker', dockerImages);
      await step('kind cluster', async () => {
        made = true;
        await run(['kind', 'create', 'cluster', '--name', name, ...kubeconfig]).catch((error: unknown) => {
          // Somebody was faster, and it is theirs.
          if (error instanceof CommandFailed && error.stderr.includes('already exist')) made = false;
          throw error;
        });
      });
      await step('images loaded', () =>
        run(['kind', 'load', 'docker-image', '--name', name, ...Object.values(imageNames)]),
      );
    },
    takeDown: async () => {
      if (made) await run(['kind', 'delete', 'cluster', '--name', name, ...kubeconfig]);
      made = false;
    },
    removal: () => (made ? `kind delete cluster --name ${name}` : undefined),
    gone: () => false,
  };
}

function embedded(): DemoCluster {
  const cluster = layout(defaultPrefix('demo'));
  let made = false;
  return {
    kind: 'own',
    name: `the embedded cluster ${cluster.prefix}`,
    run: ([program = '', ...args], options) =>
      run(inNamespace(cluster.namespace, join(binDir, program), ...args), {
        ...options,
        env: { KUBECONFIG: cluster.kubeconfig },
      }),
    hint: commandLine(cluster, `exec kubectl ${getAppServers}`),
    start: async () => {
      const ability = await canRunCluster();
      if (ability.kind === 'unable') {
        throw new Error(
          `There is no Docker with kind, and the embedded cluster cannot run here: ${ability.why}. Or name a cluster with --context.`,
        );
      }
      const images = await ensureToolsAndImages(async () => [
        ...(await ensureProductImages()),
        await ensureFlaskImage(),
      ]);
      if (daemons(cluster).some(({ running }) => running)) {
        throw new Error(
          `the demo's cluster ${cluster.prefix} runs already; end the demo that made it, or take it down with: ${commandLine(cluster, 'down')}`,
        );
      }
      made = true;
      await up(cluster, { images });
    },
    takeDown: async () => {
      if (made) await down(cluster);
      made = false;
    },
    removal: () => (made && existsSync(cluster.run) ? commandLine(cluster, 'down') : undefined),
    gone: () => made && !existsSync(cluster.run),
  };
}

/** Changes nothing yet. */
export async function chooseCluster(context: string | undefined): Promise<DemoCluster> {
  if (context !== undefined) return existing(context);
  const dockerAnswers = await succeeds(['docker', 'info'], { timeoutMs: 10_000 }).catch(() => false);
  return dockerAnswers && (await commandExists('kind')) && (await commandExists('helm')) ? kind() : embedded();
}
