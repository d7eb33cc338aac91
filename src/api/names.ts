// Names and labels of what belongs to an AppServer.

export const fieldManager = 'appserver-operator';
/** Begins every annotation and label that has a meaning to the operator. */
export const ownPrefix = 'appserver.dev/';

/** The same for all children; the operator watches nothing without it. */
export const managedByLabel = 'app.kubernetes.io/managed-by';
const nameLabel = 'app.kubernetes.io/name';
/** Name of the AppServer, on its children and pods. */
export const instanceLabel = 'app.kubernetes.io/instance';
/** Labels that the operator sets on every child, and nothing else may. */
export const ownLabels: readonly string[] = [nameLabel, instanceLabel, managedByLabel];
/** On each child: hash of the object as it was last applied. */
export const appliedHashAnnotation = 'appserver.dev/applied-hash';

/**
 * On the Deployment while its number of replicas is the autoscaler's: the number that it started with. Whoever reads it
 * knows that the operator has let go of the field.
 */
export const replicasAnnotation = 'appserver.dev/replicas-at-start';

/** On the Deployment: the form of its pod template; absent for the first. */
export const layoutAnnotation = 'appserver.dev/layout';
/** On the Deployment: hash of its pod template as it was applied, from the second layout on. */
export const templateHashAnnotation = 'appserver.dev/template-hash';
/** On the live ConfigMap: the operator that acts on the AppServer, as `namespace/name` of its Lease. */
export const operatorAnnotation = 'appserver.dev/operator';
/** On the live ConfigMap: another operator that watches the AppServer, and leaves it to that one. */
export const otherOperatorAnnotation = 'appserver.dev/other-operator';

/** On the Deployment: the operator's own image of nginx, where the pods use it. */
export const proxyImageAnnotation = 'appserver.dev/proxy-image';

/** On the Deployment: the image that its pods install the runtime from. */
export const runtimeImageAnnotation = 'appserver.dev/runtime-image';

/** On the Deployment: contents of the ConfigMaps and Secrets that its pods were started with. */
export const contentsAnnotation = 'appserver.dev/contents';
/** On pods that were replaced because such contents have changed. */
export const contentsHashAnnotation = 'appserver.dev/contents-hash';

/**
 * On an object that is not an AppServer's: the name of the AppServer that may make it its own. Whoever may write the object
 * says so by it.
 */
export const adoptAnnotation = 'appserver.dev/adopt-as-child-of';

/** On pods: volumes that keep the cluster autoscaler from no node. */
export const safeToEvictVolumesAnnotation = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';

/** On pods: the revision of the live configuration, so that kubelet looks at once whether there is a new one. */
export const liveRevisionAnnotation = 'appserver.dev/live-revision';

/** On the CustomResourceDefinition: the version of the operator that it belongs to. */
export const versionAnnotation = 'appserver.dev/version';

/** Volume for /tmp, which an AppServer may have one of its own for. */
export const tmpVolume = 'tmp';
/** Volumes of each pod that the operator alone makes. */
export const ownVolumes: ReadonlySet<string> = new Set([
  'runtime',
  'runtime-config',
  'live-config',
  'proxy-run',
  'proxy-tmp',
  'proxy-files',
]);

/** Container of the application in its pods. */
export const containerName = 'app';
export const initContainerName = 'install-runtime';
export const proxyContainerName = 'proxy';
export const copyFilesContainerName = 'copy-static-files';
/** Containers of each pod that the operator makes itself. */
export const ownContainers: ReadonlySet<string> = new Set([
  containerName,
  initContainerName,
  proxyContainerName,
  copyFilesContainerName,
]);
export const adminPort = 9_000;
/** Where the nginx in front answers probes. */
export const proxyAdminPort = 9_001;

/**
 * End of the name of an AppServer's own service account, which follows the AppServer's name. No AppServer has a dot in its
 * name and none may name an account with this end, so that one's account is never another's.
 */
export const ownAccountSuffix = '.appserver';

/** Labels that select an AppServer's pods; immutable in a Deployment, so nothing may ever be added here. */
export function selectorLabels(appServer: string): Record<string, string> {
  return { [nameLabel]: 'appserver', [instanceLabel]: appServer };
}

export function labels(appServer: string): Record<string, string> {
  return { ...selectorLabels(appServer), [managedByLabel]: fieldManager };
}

/**
 * Name of the AppServer's own ServiceAccount. No AppServer has a dot in its name, and spec.serviceAccountName may not end in
 * this suffix: so no other field can aim at the account.
 * @param layout of the pod template; the first one had the AppServer's own name, which may be that of an account with rights
 */
export const ownAccount = (appServer: string, layout: number): string =>
  layout === 1 ? appServer : `${appServer}${ownAccountSuffix}`;

/** @param hash of the content: the ConfigMap is immutable, and pods of different revisions each keep theirs */
export const runtimeConfigMap = (appServer: string, hash: string): string => `${appServer}-runtime-${hash}`;
export const liveConfigMap = (appServer: string): string => `${appServer}-live`;
