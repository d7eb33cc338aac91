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
    .description('Keeps the Deployments, Services and other objects of AppServers in their desired state.')
    .version(packageJson.version)
    .option(
      '--kubeconfig <file>',
      'read this kubeconfig; default: KUBECONFIG, ~/.kube/config, or the service account of the pod',
    )
    .option('--context <name>', 'use this context of the kubeconfig; default: the current one')
    .option(
      '--namespace <name>',
      'watch only this namespace; may be repeated',
      (name, all: string[]) => [...all, name],
      [],
    )
    .option('--runtime-image <image>', 'install the runtime in pods from this image', process.env['RUNTIME_IMAGE'])
    .option(
      '--runtime-image-pull-policy <policy>',
      'set this pull policy for the runtime image: Always, IfNotPresent or Never',
      process.env['RUNTIME_IMAGE_PULL_POLICY'],
    )
    .option(
      '--proxy-image <image>',
      'use this image of nginx if spec.proxy names none',
      process.env['PROXY_IMAGE'] ?? 'nginx:1.28-alpine',
    )
    .option(
      '--earlier-image <image>',
      'let pods keep this image of the runtime or of nginx after an upgrade, if its tag is not that of this version or of the two before; may be repeated',
      (image, all: string[]) => [...all, image],
      [],
    )
    .option('--admin-port <port>', 'serve /livez, /readyz and /metrics on this port', port, 8_080)
    .option(
      '--secure-metrics-tls <dir>',
      'serve /metrics over TLS, with tls.crt and tls.key from this directory, to authorized clients only',
    )
    .option('--secure-metrics-port <port>', 'serve /metrics over TLS on this port', port, 8_443)
    .option('--concurrency <number>', 'reconcile up to this many AppServers at the same time', atLeastOne, 8)
    .option(
      '--restart-on <kinds>',
      'replace pods when objects of these kinds that they use have new content: ConfigMap, Secret, ConfigMap,Secret or none',
      kindList,
      [...referenceKinds],
    )
    .option('--restart-limit <number>', 'restart up to this many AppServers at a time for new content', atLeastOne, 10)
    .option(
      '--pod-status-seconds <number>',
      'poll each pod for the status of its workers at this interval; 0 for never',
      wholeNumber,
      60,
    )
    .option('--no-leader-elect', 'act at once, without a Lease; only if no other replica runs')
    .option('--leader-election-namespace <name>', 'use a Lease in this namespace; default: that of the operator')
    .option('--leader-election-id <name>', 'use a Lease of this name', 'appserver-operator')
    .option('--log-level <level>', 'log at this level and above: trace, debug, info, warn or error', 'info')
    .parse(argv)
    .opts<Options>();
}
