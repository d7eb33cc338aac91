// The nginx in front of the workers: a native sidecar, which kubelet starts before the application and ends after it. So its
// preStop hook ends it, at the time at which the pod begins to; the runtime keeps its socket open until nginx is gone.
import type { AppServer, ProxySpec } from '../../api/index.ts';
import { milliseconds, names } from '../../api/index.ts';
import type { Release } from '../model/release.ts';
import { containerSecurity, initResources, probe, runtimeHome } from './container.ts';
import { proxyFilesDir, proxyRunDir } from './nginx-conf.ts';

type Spec = AppServer['spec'];

const configDir = '/etc/appserver/proxy';
const security = { ...containerSecurity, readOnlyRootFilesystem: true };
const runtimeMount = { name: 'runtime', mountPath: runtimeHome, readOnly: true };
const filesMount = { name: 'proxy-files', mountPath: proxyFilesDir };

const hasFiles = ({ static: files = [] }: ProxySpec): boolean => files.length > 0;

/** Copies static files out of the application's image, with the Node of the runtime: the image may have no cp. */
function copyFiles({ spec }: AppServer, { static: files = [] }: ProxySpec, { layout }: Release): object {
  return {
    name: names.copyFilesContainerName,
    image: spec.image,
    ...(spec.imagePullPolicy && { imagePullPolicy: spec.imagePullPolicy }),
    command: [`${runtimeHome}/bin/node`, `${runtimeHome}/runtime/copy-files.mjs`],
    args: files.flatMap(({ path, from }) => [from, `${proxyFilesDir}${path}`]),
    ...initResources(layout, spec.resources, {
      requests: { cpu: '10m', memory: '64Mi' },
      limits: { memory: '256Mi' },
    }),
    securityContext: security,
    volumeMounts: [runtimeMount, filesMount],
  };
}

function nginx({ spec }: AppServer, proxy: ProxySpec, release: Release): object {
  const { minimum, maximum } = spec.drain;
  const drainProxy = [`${runtimeHome}/bin/drain-proxy`, names.proxyAdminPort, proxyRunDir, milliseconds(minimum)];
  return {
    name: names.proxyContainerName,
    image: proxy.image ?? release.proxyImage,
    restartPolicy: 'Always',
    command: ['nginx'],
    // Its own words then stand in the AppServer's conditions.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    args: ['-e', 'stderr', '-c', `${configDir}/nginx.conf`, '-g', 'daemon off;'],
    ports: [
      { name: 'http', containerPort: proxy.port, protocol: 'TCP' },
      { name: 'proxy-admin', containerPort: names.proxyAdminPort, protocol: 'TCP' },
    ],
    lifecycle: { preStop: { exec: { command: [...drainProxy, milliseconds(maximum)].map(String) } } },
    // Of nginx alone: the application is started after this.
    startupProbe: probe('/livez', 'proxy-admin', { periodSeconds: 1, failureThreshold: 60 }),
    livenessProbe: probe('/livez', 'proxy-admin', { periodSeconds: 10, failureThreshold: 3 }),
    readinessProbe: probe('/readyz', 'proxy-admin', { periodSeconds: 1, failureThreshold: 3 }),
    resources: proxy.resources,
    securityContext: security,
    volumeMounts: [
      runtimeMount,
      { name: 'runtime-config', mountPath: configDir, readOnly: true },
      { name: 'proxy-run', mountPath: proxyRunDir },
      { name: 'proxy-tmp', mountPath: '/tmp' },
      ...(hasFiles(proxy) ? [{ ...filesMount, readOnly: true }] : []),
    ],
  };
}

/** Init containers, in their order; the last one stays. */
export function proxyContainers(app: AppServer, release: Release): object[] {
  const { proxy } = app.spec;
  if (proxy === undefined) return [];
  return [...(hasFiles(proxy) ? [copyFiles(app, proxy, release)] : []), nginx(app, proxy, release)];
}

/** For the application's container: by this the runtime sees whether nginx is still there. */
export function proxyMounts({ proxy }: Spec): object[] {
  return proxy === undefined ? [] : [{ name: 'proxy-run', mountPath: proxyRunDir, readOnly: true }];
}

export function proxyVolumeNames({ proxy }: Spec): string[] {
  if (proxy === undefined) return [];
  return ['proxy-run', 'proxy-tmp', ...(hasFiles(proxy) ? ['proxy-files'] : [])];
}

export function proxyVolumes(spec: Spec): object[] {
  return proxyVolumeNames(spec).map((name) => ({ name, emptyDir: {} }));
}
