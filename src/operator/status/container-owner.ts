// Whose each container of the pods is, and which fields of the AppServer its own fields come from. What a user is told about a
// container goes by this alone: what to do about it, where a path of the Deployment is from, and what to use in place of
// spec.podTemplate.
import { names, type AppServer } from '../../api/index.ts';
import { fieldOf, isFields } from '../model/unstructured.ts';

type Spec = AppServer['spec'];

const lists = ['containers', 'initContainers'] as const;

interface Own {
  /** `files` copies static files for the proxy. */
  readonly owner: 'application' | 'runtime' | 'files' | 'proxy';
  readonly list: (typeof lists)[number];
  readonly name: string;
  /** Fields whose values are those of the AppServer's spec, and where. All others are the operator's, or spec.podTemplate's. */
  readonly fields: Fields;
}

type Fields = Readonly<Record<string, string>>;

const imageOfApplication = { image: 'spec.image', imagePullPolicy: 'spec.imagePullPolicy' };

/** Containers that the operator makes. */
const own: readonly Own[] = [
  {
    owner: 'application',
    list: 'containers',
    name: names.containerName,
    fields: {
      ...imageOfApplication,
      env: 'spec.env',
      envFrom: 'spec.envFrom',
      resources: 'spec.resources',
      volumeMounts: 'spec.volumeMounts',
      'securityContext.seccompProfile': 'spec.security.seccompProfile',
      'securityContext.readOnlyRootFilesystem': 'spec.security.readOnlyRootFilesystem',
    },
  },
  {
    owner: 'runtime',
    list: 'initContainers',
    name: names.initContainerName,
    fields: { resources: 'spec.resources' },
  },
  {
    owner: 'files',
    list: 'initContainers',
    name: names.copyFilesContainerName,
    fields: { ...imageOfApplication, resources: 'spec.resources' },
  },
  {
    owner: 'proxy',
    list: 'initContainers',
    name: names.proxyContainerName,
    fields: { image: 'spec.proxy.image', resources: 'spec.proxy.resources' },
  },
];

/** The same by the path in the pod's spec: `spec.image` for `containers[app].image`. */
export const fieldsOfOwnContainers: ReadonlyMap<string, string> = new Map(
  own.flatMap(({ list, name, fields }) =>
    Object.entries(fields).map(([field, from]) => [`${list}[${name}].${field}`, from] as const),
  ),
);

/** A container that the AppServer or the operator knows. */
export interface KnownContainer {
  readonly owner: Own['owner'] | 'user';
  /** Where a field of it is that is not among `fields`: `spec.podTemplate.spec.containers[app]`, `spec.initContainers[wait]`. */
  readonly path: string;
  readonly fields: Fields;
}

/** One that neither knows was added to the pods by an admission webhook. */
type Container = KnownContainer | { readonly owner: 'webhook' };

/** Of a container that the AppServer itself names; undefined for all others. */
function pathOfUser({ initContainers = [], podTemplate }: Spec, name: string): string | undefined {
  if (initContainers.some((one) => one['name'] === name)) return `spec.initContainers[${name}]`;
  const given = podTemplate?.spec;
  if (!isFields(given)) return undefined;
  const list = lists.find((field) => {
    const items = fieldOf(given, field);
    return Array.isArray(items) && items.some((item) => isFields(item) && item['name'] === name);
  });
  return list && `spec.podTemplate.spec.${list}[${name}]`;
}

export function containerOf(spec: Spec, name: string): Container {
  const found = own.find((one) => one.name === name);
  if (found !== undefined) {
    const { owner, list, fields } = found;
    return { owner, path: `spec.podTemplate.spec.${list}[${name}]`, fields };
  }
  const path = pathOfUser(spec, name);
  return path === undefined ? { owner: 'webhook' } : { owner: 'user', path, fields: {} };
}
