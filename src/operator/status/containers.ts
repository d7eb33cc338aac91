// Whose a container is: by that, what its user can do about it.
import { names, type AppServer } from '../../api/index.ts';
import { fieldOf, isFields } from '../model/unstructured.ts';

export interface ContainerFields {
  /** Where its image comes from, and what to do about one that cannot be pulled. */
  readonly image: string;
  /** What to do about an image that is not there and never pulled. */
  readonly pullPolicy: string;
  /** What to do where it needs more memory than it may have. */
  readonly memory: string;
  /** What to do about `requests` or `limits` that it does not have: `limits.cpu`. */
  readonly resources: (which: string) => string;
  /** Where its variables, volumes and user come from. */
  readonly config: string;
  /** Where what it may do comes from. */
  readonly security: string;
  /** What to do about its postStart hook. */
  readonly hook: string;
}

type Spec = AppServer['spec'];

/** `spec.podTemplate.spec.containers[log]` or `spec.initContainers[wait]`; undefined for one that the AppServer does not name. */
function templatePath({ initContainers = [], podTemplate }: Spec, name: string): string | undefined {
  if (initContainers.some((one) => one['name'] === name)) return `spec.initContainers[${name}]`;
  const given = podTemplate?.spec;
  if (!isFields(given)) return undefined;
  const list = (['containers', 'initContainers'] as const).find((field) => {
    const items = fieldOf(given, field);
    return Array.isArray(items) && items.some((item) => isFields(item) && item['name'] === name);
  });
  return list === undefined ? undefined : inTemplate(list, name);
}

const correctHook = (path: string): string => `correct ${path}.lifecycle.postStart`;

/** Of a container of the operator's: what it has beside the operator's own fields is in the template. */
const inTemplate = (list: 'containers' | 'initContainers', name: string): string =>
  `spec.podTemplate.spec.${list}[${name}]`;

export const pullRemedy = 'correct it, or add the pull secret to spec.imagePullSecrets';

function foreign(name: string): ContainerFields {
  const whose = `container ${name}, which is not the AppServer's: an admission webhook has added it`;
  return {
    image: `${whose}; correct that webhook's settings`,
    pullPolicy: `see ${whose}; correct that webhook's settings`,
    memory: `see ${whose}; correct that webhook's settings`,
    resources: (which) => `set ${which} in the settings of the webhook that adds container ${name}`,
    config: whose,
    security: whose,
    hook: `see ${whose}; correct that webhook's settings`,
  };
}

function fromTemplate(path: string): ContainerFields {
  return {
    image: `${path}.image: ${pullRemedy}`,
    pullPolicy: `change ${path}.imagePullPolicy`,
    memory: `raise ${path}.resources.limits.memory`,
    resources: (which) => `set ${path}.resources.${which}`,
    config: path,
    security: path,
    hook: correctHook(path),
  };
}

/** What the user of an AppServer can change about the container of this name. */
export function containerFields(spec: Spec, name: string): ContainerFields {
  switch (name) {
    case names.containerName:
      return {
        image: `spec.image: ${pullRemedy}`,
        pullPolicy: 'change spec.imagePullPolicy',
        memory: 'raise spec.resources.limits.memory, or lower spec.workers.count',
        resources: (which) => `set spec.resources.${which}`,
        config: 'spec.env, spec.envFrom, spec.volumeMounts and spec.security',
        security: `spec.security and ${inTemplate('containers', name)}`,
        hook: correctHook(inTemplate('containers', name)),
      };
    case names.initContainerName:
      return {
        image:
          spec.runtime.version === undefined
            ? "the operator's --runtime-image: correct it, or make the image available to the nodes"
            : `spec.runtime.version: correct it, or remove it to use the operator's own version`,
        pullPolicy: "change the operator's --runtime-image-pull-policy",
        memory: 'raise spec.resources.limits.memory',
        resources: (which) => `set spec.resources.${which}`,
        config: 'spec.security',
        security: inTemplate('initContainers', name),
        hook: correctHook(inTemplate('initContainers', name)),
      };
    case names.proxyContainerName:
      return {
        image:
          spec.proxy?.image === undefined
            ? "the operator's --proxy-image: correct it, make the image available to the nodes, or set spec.proxy.image"
            : `spec.proxy.image: ${pullRemedy}`,
        pullPolicy: `change ${inTemplate('initContainers', name)}.imagePullPolicy`,
        memory: 'raise spec.proxy.resources.limits.memory',
        resources: (which) => `set spec.proxy.resources.${which}`,
        config: 'spec.proxy',
        security: inTemplate('initContainers', name),
        hook: correctHook(inTemplate('initContainers', name)),
      };
    case names.copyFilesContainerName:
      return {
        image: `spec.image: ${pullRemedy}`,
        pullPolicy: 'change spec.imagePullPolicy',
        memory: 'serve fewer files by spec.proxy.static',
        resources: (which) => `set spec.resources.${which}`,
        config: 'spec.proxy.static',
        security: inTemplate('initContainers', name),
        hook: correctHook(inTemplate('initContainers', name)),
      };
    default: {
      const path = templatePath(spec, name);
      return path === undefined ? foreign(name) : fromTemplate(path);
    }
  }
}
