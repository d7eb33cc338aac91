// The runtime's configuration, in two ConfigMaps: what rolls pods stands in an immutable one named by its hash, so that
// old and new pods of a rollout each keep theirs; what running pods take over stands in a mutable one.
import type { AppServer } from '../../api/index.ts';
import { drainMaximumMs, names } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';
import { contentHash } from '../model/content-hash.ts';
import type { Layout } from '../model/layout.ts';
import { nginxConf, proxyRunDir } from './nginx-conf.ts';

function runtimeJson({ spec }: AppServer, layout: Layout): string {
  const { wsgi, workingDir, ...app } = spec.app;
  const { preload, preloadThreads, maxHeaderSize } = spec.workers;
  const { path, host, interval, failureThreshold } = spec.probes;
  // A field that is not set is not written: pods of releases that did not know it yet keep their template.
  return JSON.stringify({
    app: { wsgi, workingDir, ...app },
    listen: [listenAddress(spec, layout)],
    admin: `${everywhere(layout)}:${names.adminPort}`,
    workers: {
      class: spec.workers.class ?? (wsgi === undefined ? undefined : 'sync'),
      threads: spec.workers.threads,
      backlog: spec.workers.backlog,
      keepAlive: spec.workers.keepAlive,
      preload,
      preloadThreads,
      maxHeaderSize,
    },
    drain: spec.proxy === undefined ? spec.drain : { ...spec.drain, maximum: `${drainMaximumMs(spec)}ms` },
    ...(spec.proxy && { proxy: { pidFile: `${proxyRunDir}/nginx.pid` } }),
    ...(path !== undefined && { probes: { path, host, interval, failureThreshold } }),
    trustedProxies: spec.proxy === undefined ? spec.trustedProxies : ['127.0.0.1', ...(spec.trustedProxies ?? [])],
    hooks: spec.hooks,
  });
}

function liveJson({ spec }: AppServer): string {
  const { count, bootTimeout, heartbeatTimeout, requestTimeout, gracefulTimeout, recycle } = spec.workers;
  const settings = {
    workers: { count, bootTimeout, heartbeatTimeout, requestTimeout, gracefulTimeout, recycle },
    probes: { readyWorkers: spec.probes.readyWorkers },
    logging: spec.logging,
  };
  return JSON.stringify({ revision: contentHash(settings), ...settings });
}

/** The host that stands for all addresses of the pod: from the third layout on for those of IPv6, too. */
const everywhere = (layout: Layout): string => (layout < 3 ? '0.0.0.0' : '');

/** Where the runtime listens for the application. */
export function listenAddress(spec: AppServer['spec'], layout: Layout): string {
  // Behind the nginx in front there is no other way in.
  return `${spec.proxy === undefined ? everywhere(layout) : '127.0.0.1'}:${spec.port}`;
}

function fixedFiles(app: AppServer, layout: Layout): Record<string, string> {
  const { proxy } = app.spec;
  return { 'runtime.json': runtimeJson(app, layout), ...(proxy && { 'nginx.conf': nginxConf(app, proxy, layout) }) };
}

export function runtimeConfigMapName(app: AppServer, layout: Layout): string {
  const { 'runtime.json': alone, ...others } = fixedFiles(app, layout);
  // As releases that knew no other file have it.
  const content = Object.keys(others).length === 0 ? alone : [alone, others];
  return names.runtimeConfigMap(app.metadata.name, contentHash(content));
}

export function runtimeConfigMap(app: AppServer, layout: Layout): Child {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: childMetadata(app, runtimeConfigMapName(app, layout)),
    immutable: true,
    data: fixedFiles(app, layout),
  };
}

/** @param claim the operator that acts on the AppServer */
export function liveConfigMap(app: AppServer, claim: string | undefined): Child {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      ...childMetadata(app, names.liveConfigMap(app.metadata.name)),
      ...(claim !== undefined && { annotations: { [names.operatorAnnotation]: claim } }),
    },
    data: { 'live.json': liveJson(app) },
  };
}
