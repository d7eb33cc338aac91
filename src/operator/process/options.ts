// What the operator is told on its command line.
import { Command, InvalidArgumentError } from 'commander';
import packageJson from '../../../package.json' with { type: 'json' };
import { referenceKinds, type ReferenceKind } from '../model/references.ts';

export interface Options {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: readonly string[];
  readonly runtimeImage?: string;
  readonly runtimeImagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  readonly adminPort: number;
  readonly secureMetricsPort: number;
  readonly secureMetricsTls?: string;
  readonly proxyImage: string;
  readonly earlierImage: readonly string[];
  /** 0 for never. */
  readonly podStatusSeconds: number;
  readonly concurrency: number;
  readonly restartOn: readonly ReferenceKind[];
  readonly restartLimit: number;
  readonly leaderElect: boolean;
  readonly leaderElectionNamespace?: string;
  readonly leaderElectionId: string;
  readonly logLevel: string;
}

/** @throws InvalidArgumentError */
function kindList(text: string): ReferenceKind[] {
  if (text === 'none') return [];
  return text.split(',').map((word) => {
    const kind = referenceKinds.find((one) => one === word.trim());
    if (kind === undefined) throw new InvalidArgumentError('It must be ConfigMap, Secret, ConfigMap,Secret or none.');
    return kind;
  });
}

/** @throws InvalidArgumentError */
function wholeNumber(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** @throws InvalidArgumentError */
function atLeastOne(text: string): number {
  const number = wholeNumber(text);
  if (number < 1) throw new InvalidArgumentError('It must be at least 1.');
  return number;
}

/** @throws InvalidArgumentError */
function port(text: string): number {
  const number = wholeNumber(text);
  if (number > 65_535) throw new InvalidArgumentError('It must be a port, 0 to 65535.');
  return number;
}

/** Ends the process for what it does not understand, and for --help. */
export function parse(argv: readonly string[]): Options {
  return new Command('appserver-operator')
    .description('Keeps the Deployments, Services and so on of AppServer resources as they should be.')
    .version(packageJson.version)
    .option('--kubeconfig <file>', 'kubeconfig; default: KUBECONFIG, ~/.kube/config, or the service account of the pod')
    .option('--context <name>', "context of the kubeconfig; default: the file's current one")
    .option(
      '--namespace <name>',
      'watch this namespace only; may be repeated',
      (name, all: string[]) => [...all, name],
      [],
    )
    .option('--runtime-image <image>', 'image that pods install the runtime from', process.env['RUNTIME_IMAGE'])
    .option(
      '--runtime-image-pull-policy <policy>',
      'Always, IfNotPresent or Never',
      process.env['RUNTIME_IMAGE_PULL_POLICY'],
    )
    .option(
      '--proxy-image <image>',
      'image of nginx for spec.proxy, where it names none',
      process.env['PROXY_IMAGE'] ?? 'nginx:1.28-alpine',
    )
    .option(
      '--earlier-image <image>',
      'image of the runtime or of nginx that pods may keep from before, where its tag is none of this version or the two before; may be repeated',
      (image, all: string[]) => [...all, image],
      [],
    )
    .option('--admin-port <port>', 'port of /livez, /readyz and /metrics', port, 8_080)
    .option(
      '--secure-metrics-tls <dir>',
      'serve /metrics over TLS, with tls.crt and tls.key of this directory, to those who may',
    )
    .option('--secure-metrics-port <port>', 'port of that', port, 8_443)
    .option('--concurrency <number>', 'AppServers that are reconciled at the same time', atLeastOne, 8)
    .option(
      '--restart-on <kinds>',
      'kinds whose new content replaces the pods that use them: ConfigMap, Secret, both, or none',
      kindList,
      [...referenceKinds],
    )
    .option('--restart-limit <number>', 'AppServers that replace their pods for that at the same time', atLeastOne, 10)
    .option(
      '--pod-status-seconds <number>',
      'how often each pod is asked how its workers are; 0 for never',
      wholeNumber,
      60,
    )
    .option('--no-leader-elect', 'act at once, without a Lease: only where no other replica runs')
    .option('--leader-election-namespace <name>', "namespace of the Lease; default: the operator's own")
    .option('--leader-election-id <name>', 'name of the Lease', 'appserver-operator')
    .option('--log-level <level>', 'trace, debug, info, warn or error', 'info')
    .parse(argv)
    .opts<Options>();
}
