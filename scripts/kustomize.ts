// What kustomize does not know by itself: where images, numbers of replicas and names of other objects stand in an AppServer and
// in the operator's Deployment. It takes these files over from a base or a component into every overlay above.
import { dump } from 'js-yaml';
import { kind } from '../src/api/index.ts';

interface FieldSpec {
  readonly kind: string;
  readonly path: string;
  readonly create?: true;
}

const inAppServer = (path: string): FieldSpec => ({ kind, path });

/** Where an AppServer has what a container has, and where what a pod has. */
const containers = [
  'spec',
  'spec/initContainers',
  'spec/podTemplate/spec/containers',
  'spec/podTemplate/spec/initContainers',
];
const pods = ['spec', 'spec/podTemplate/spec'];

/** Names of objects that pods use, by their kind. */
const ofContainers: Readonly<Record<string, readonly string[]>> = {
  ConfigMap: ['env/valueFrom/configMapKeyRef/name', 'envFrom/configMapRef/name'],
  Secret: ['env/valueFrom/secretKeyRef/name', 'envFrom/secretRef/name'],
};
const ofPods: Readonly<Record<string, readonly string[]>> = {
  ConfigMap: ['volumes/configMap/name', 'volumes/projected/sources/configMap/name'],
  Secret: [
    'imagePullSecrets/name',
    'volumes/secret/secretName',
    'volumes/projected/sources/secret/name',
    'volumes/csi/nodePublishSecretRef/name',
  ],
  PersistentVolumeClaim: ['volumes/persistentVolumeClaim/claimName'],
  ServiceAccount: ['serviceAccountName'],
};
const ofTheResource: Readonly<Record<string, readonly string[]>> = {
  Secret: ['spec/ingress/tlsSecretName', 'spec/ingress/tls/secretName'],
};

const below = (roots: readonly string[], paths: readonly string[] = []): FieldSpec[] =>
  roots.flatMap((root) => paths.map((path) => inAppServer(`${root}/${path}`)));

const referenced = [...new Set([ofContainers, ofPods, ofTheResource].flatMap((one) => Object.keys(one)))];

/** Where other objects name an AppServer, or a child that has its name. */
const namesOfAppServers: readonly FieldSpec[] = [
  { kind: 'Ingress', path: 'spec/defaultBackend/service/name' },
  { kind: 'Ingress', path: 'spec/rules/http/paths/backend/service/name' },
  { kind: 'HTTPRoute', path: 'spec/rules/backendRefs/name' },
  { kind: 'ScaledObject', path: 'spec/scaleTargetRef/name' },
];

/** For those who have AppServers in their kustomizations. */
function ofApplications(): object {
  return {
    images: [inAppServer('spec/image'), inAppServer('spec/proxy/image'), ...below(pods, ['volumes/image/reference'])],
    replicas: [{ ...inAppServer('spec/replicas'), create: true }],
    nameReference: [
      ...referenced.map((name) => ({
        kind: name,
        version: 'v1',
        fieldSpecs: [
          ...below(containers, ofContainers[name]),
          ...below(pods, ofPods[name]),
          ...(ofTheResource[name] ?? []).map(inAppServer),
        ],
      })),
      { kind, fieldSpecs: namesOfAppServers },
    ],
  };
}

/** For those who install the operator itself. */
function ofTheOperator(): object {
  return {
    images: [{ kind: 'Deployment', path: 'spec/template/spec/containers/env/value' }],
    nameReference: [
      {
        kind: 'ValidatingAdmissionPolicy',
        fieldSpecs: [{ kind: 'ValidatingAdmissionPolicyBinding', path: 'spec/policyName' }],
      },
    ],
  };
}

/** The files by path. @param notice first line of each, a comment */
export function kustomizeConfigurations(notice: string): Record<string, string> {
  const write = (configuration: object): string => notice + dump(configuration, { lineWidth: 120 });
  return {
    'kustomize/applications/configuration.yaml': write(ofApplications()),
    'kustomize/operator/configuration.yaml': write(ofTheOperator()),
  };
}
