// What the user of an AppServer can do about a container, by whose it is.
import type { AppServer } from '../../api/index.ts';
import { containerOf, type KnownContainer } from './container-owner.ts';
import type { Correct } from './image-pull.ts';

export interface ContainerFields {
  /** What to do about an image whose name is wrong. */
  readonly image: Correct;
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

function ofWebhook(name: string): ContainerFields {
  const whose = `container ${name}, which is not the AppServer's: an admission webhook has added it`;
  const remedy = `see ${whose}; correct that webhook's settings`;
  return {
    image: remedy,
    pullPolicy: remedy,
    memory: remedy,
    resources: (which) => `set ${which} in the settings of the webhook that adds container ${name}`,
    config: whose,
    security: whose,
    hook: remedy,
  };
}

/** What there is to do about a container of which nothing else is to be said. */
function ofKnown({ path, fields }: KnownContainer): ContainerFields {
  const { image, imagePullPolicy, resources = `${path}.resources` } = fields;
  return {
    image: `correct ${image ?? `${path}.image`}`,
    pullPolicy: `change ${imagePullPolicy ?? `${path}.imagePullPolicy`}`,
    memory: `raise ${resources}.limits.memory`,
    resources: (which) => `set ${resources}.${which}`,
    config: path,
    security: path,
    hook: `correct ${path}.lifecycle.postStart`,
  };
}

const imageOfRuntime = ({ runtime: { version } }: Spec): Correct =>
  version === undefined
    ? "correct the operator's --runtime-image"
    : "correct spec.runtime.version, or remove it to use the operator's own version";

const imageOfOperatorsProxy: Correct = "correct the operator's --proxy-image, or set spec.proxy.image";

/** What the user of an AppServer can change about the container of this name. */
export function containerFields(spec: Spec, name: string): ContainerFields {
  const container = containerOf(spec, name);
  if (container.owner === 'webhook') return ofWebhook(name);
  const known = ofKnown(container);
  switch (container.owner) {
    case 'user':
      return known;
    case 'application':
      return {
        ...known,
        memory: `${known.memory}, or lower spec.workers.count`,
        config: 'spec.env, spec.envFrom, spec.volumeMounts and spec.security',
        security: `spec.security and ${known.security}`,
      };
    case 'runtime':
      return {
        ...known,
        image: imageOfRuntime(spec),
        pullPolicy: "change the operator's --runtime-image-pull-policy",
        config: 'spec.security',
      };
    case 'files':
      return { ...known, memory: 'serve fewer files by spec.proxy.static', config: 'spec.proxy.static' };
    case 'proxy': {
      const image = spec.proxy?.image === undefined ? imageOfOperatorsProxy : known.image;
      return { ...known, image, config: 'spec.proxy' };
    }
  }
}
