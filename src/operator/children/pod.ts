// The pod: the application's own image, started by the runtime that an init container has installed.
import type { AppServer } from '../../api/index.ts';
import { names, terminationGraceSeconds } from '../../api/index.ts';
import { contentHash } from '../model/content-hash.ts';
import type { Facts } from '../model/facts.ts';
import type { Layout } from '../model/layout.ts';
import type { Release } from '../model/release.ts';
import type { Fields } from '../model/unstructured.ts';
import { listenAddress, runtimeConfigMapName } from './config-maps.ts';
import { containerSecurity, initResources, probe, runtimeHome } from './container.ts';
import { nginxListens } from './nginx-conf.ts';
import { mergePodTemplate, type Conflict } from './merge-pod-template.ts';
import { proxyContainers, proxyMounts, proxyVolumeNames, proxyVolumes } from './proxy.ts';

const installTarget = '/target';
const fixedConfigDir = '/etc/appserver/runtime';
const liveConfigDir = '/etc/appserver/live';

function command(app: AppServer, layout: Layout): string[] {
  return [
    `${runtimeHome}/bin/appserver-init`,
    'serve',
    '--listen',
    listenAddress(app.spec, layout),
    '--backlog',
    String(app.spec.workers.backlog),
    '--',
    `${runtimeHome}/bin/node`,
    `${runtimeHome}/runtime/runtime.mjs`,
    `--config=${fixedConfigDir}`,
    `--live=${liveConfigDir}`,
  ];
}

function installRuntime(app: AppServer, release: Release): object {
  return {
    name: names.initContainerName,
    image: release.runtimeImage,
    ...(release.runtimeImagePullPolicy && { imagePullPolicy: release.runtimeImagePullPolicy }),
    args: [installTarget, ...(release.layout < 3 ? [] : nginxListens(app))],
    ...initResources(release.layout, app.spec.resources, {
      requests: { cpu: '10m', memory: '32Mi' },
      limits: { memory: '256Mi' },
    }),
    securityContext: { ...containerSecurity, readOnlyRootFilesystem: true },
    volumeMounts: [{ name: 'runtime', mountPath: installTarget }],
  };
}

/** The operator's item for /tmp, where the AppServer has none of its own. */
function ownTmp<T>(given: readonly T[] | undefined, isTmp: (one: T) => boolean, own: object): object[] {
  return given?.some(isTmp) === true ? [] : [own];
}

function applicationContainer(app: AppServer, layout: Layout): object {
  const { spec } = app;
  const { probes } = spec;
  return {
    name: names.containerName,
    image: spec.image,
    ...(spec.imagePullPolicy && { imagePullPolicy: spec.imagePullPolicy }),
    command: command(app, layout),
    // Empty rather than absent: what somebody adds by hand is then seen as added.
    args: [],
    env: spec.env ?? [],
    envFrom: spec.envFrom ?? [],
    ...(spec.resources && { resources: spec.resources }),
    ports: [
      // What the Service sends to is the nginx in front, where there is one.
      ...(spec.proxy ? [] : [{ name: 'http', containerPort: spec.port, protocol: 'TCP' }]),
      { name: 'admin', containerPort: names.adminPort, protocol: 'TCP' },
    ],
    // The runtime itself ends a pod whose workers never get ready, with a reason; until then it is live.
    startupProbe: probe('/livez', 'admin', { periodSeconds: 1, failureThreshold: 60, ...probes.startup }),
    livenessProbe: probe('/livez', 'admin', { periodSeconds: 10, failureThreshold: 3, ...probes.liveness }),
    // Three in a row: one probe that is late because the node is busy must not take a serving pod out. A pod that ends
    // leaves the endpoints by itself, whatever its probe says.
    readinessProbe: probe('/readyz', 'admin', { periodSeconds: 1, failureThreshold: 3, ...probes.readiness }),
    securityContext: {
      ...containerSecurity,
      seccompProfile: spec.security.seccompProfile ?? containerSecurity.seccompProfile,
      readOnlyRootFilesystem: spec.security.readOnlyRootFilesystem,
    },
    volumeMounts: [
      { name: 'runtime', mountPath: runtimeHome, readOnly: true },
      { name: 'runtime-config', mountPath: fixedConfigDir, readOnly: true },
      { name: 'live-config', mountPath: liveConfigDir, readOnly: true },
      ...ownTmp(spec.volumeMounts, ({ mountPath }) => mountPath === '/tmp', {
        name: names.tmpVolume,
        mountPath: '/tmp',
      }),
      ...proxyMounts(spec),
      ...(spec.volumeMounts ?? []),
    ],
  };
}

function spread(app: AppServer, topologyKey: string, wish: AppServer['spec']['topology']['zones']): object[] {
  if (wish === 'None') return [];
  return [
    {
      topologyKey,
      maxSkew: 1,
      whenUnsatisfiable: wish,
      labelSelector: { matchLabels: names.selectorLabels(app.metadata.name) },
      // Of one revision only: the old pods of a rollout must not push the new ones aside.
      matchLabelKeys: ['pod-template-hash'],
    },
  ];
}

function podSpec(app: AppServer, release: Release): object {
  const { spec, metadata } = app;
  const { runAsUser, runAsGroup, seccompProfile = containerSecurity.seccompProfile } = spec.security;
  return {
    serviceAccountName: spec.serviceAccountName ?? names.ownAccount(metadata.name, release.layout),
    automountServiceAccountToken: spec.automountServiceAccountToken,
    enableServiceLinks: spec.enableServiceLinks ?? false,
    ...(spec.imagePullSecrets && { imagePullSecrets: spec.imagePullSecrets }),
    securityContext: {
      runAsNonRoot: true,
      runAsUser,
      ...(runAsGroup && { runAsGroup }),
      seccompProfile,
    },
    terminationGracePeriodSeconds: terminationGraceSeconds(spec),
    topologySpreadConstraints: [
      ...spread(app, 'topology.kubernetes.io/zone', spec.topology.zones),
      ...spread(app, 'kubernetes.io/hostname', spec.topology.nodes),
    ],
    // Those of the AppServer first: what they set up is there when an image is pulled or a file is copied.
    initContainers: [...(spec.initContainers ?? []), installRuntime(app, release), ...proxyContainers(app, release)],
    containers: [applicationContainer(app, release.layout)],
    volumes: [
      { name: 'runtime', emptyDir: {} },
      { name: 'runtime-config', configMap: { name: runtimeConfigMapName(app, release.layout) } },
      { name: 'live-config', configMap: { name: names.liveConfigMap(metadata.name) } },
      ...ownTmp(spec.volumes, ({ name }) => name === names.tmpVolume, { name: names.tmpVolume, emptyDir: {} }),
      ...proxyVolumes(spec),
      ...(spec.volumes ?? []),
    ],
  };
}

/** What pods are made from. */
export interface PodsGiven {
  readonly app: AppServer;
  readonly release: Release;
  /** By which pods are replaced where what they use has changed. */
  readonly mark: Facts['restart']['mark'];
}

/** The pods of an AppServer as they are to be. */
export interface Pods extends Omit<PodsGiven, 'app'> {
  readonly kind: 'pods';
  /** Merged with what the AppServer adds itself. */
  readonly template: Fields;
  /** Of the template. */
  readonly hash: string;
}

/**
 * The operator's emptyDirs hold nothing that another pod does not make again, so they keep no node from being scaled down. What an
 * AppServer says itself goes instead, as only that knows of the application's volumes.
 */
function evictableVolumes({ spec }: AppServer, layout: Layout): Record<string, string> {
  const { podTemplate: template, volumes = [] } = spec;
  const key = names.safeToEvictVolumesAnnotation;
  if (layout < 3 || Object.hasOwn(template?.metadata?.annotations ?? {}, key)) return {};
  const own = ['runtime', names.tmpVolume, ...proxyVolumeNames(spec)];
  return { [key]: own.filter((name) => volumes.every((one) => one.name !== name)).join(',') };
}

/** The pod template, or the field that spec.podTemplate sets and the operator too. */
export function podsWith({ app, release, mark }: PodsGiven): Pods | Conflict {
  const ours = {
    metadata: {
      labels: names.labels(app.metadata.name),
      annotations: {
        'kubectl.kubernetes.io/default-container': names.containerName,
        ...(mark !== undefined && { [names.contentsHashAnnotation]: mark }),
        ...evictableVolumes(app, release.layout),
      },
    },
    spec: podSpec(app, release),
  };
  const merged = mergePodTemplate(ours, app.spec.podTemplate, release.layout);
  if (merged.kind === 'conflict') return merged;
  return { kind: 'pods', release, mark, template: merged.template, hash: contentHash(merged.template) };
}
