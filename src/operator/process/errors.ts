// Errors that a user of the operator meets on its stderr; what concerns one AppServer stands in its conditions instead.

export const catalogue = {
  KUBECONFIG_INVALID: 'Name a kubeconfig with --kubeconfig or KUBECONFIG, or run in a pod with a service account.',
  API_SERVER_UNREACHABLE:
    'Check that the API server runs and that its address in the kubeconfig is reachable; the operator retries.',
  CRD_MISSING:
    'Install it: kubectl apply --server-side -f crds/, or the Helm chart with crds.install=true. It is looked for again.',
  WATCH_FORBIDDEN: 'Give the operator the rights in charts/appserver-operator/templates/rbac.yaml; it is tried again.',
  WATCH_FAILED: 'It is tried again; the API server log may tell more.',
  RUNTIME_IMAGE_MISSING: 'Name the image that pods install the runtime from, with --runtime-image or RUNTIME_IMAGE.',
  LEADER_ELECTION_FAILED:
    'Check that the operator may create, list, watch and update Leases in its namespace, or turn it off with --no-leader-elect where there is one replica alone; it is tried again.',
  OPERATOR_KEY_UNAVAILABLE:
    'Let the operator create Secrets in its own namespace and get the one that is named, as the Helm chart does. Until then new content of ConfigMaps and Secrets replaces no pods; it is tried again.',
  OPERATOR_KEY_INVALID:
    'Delete that Secret: the operator makes another one, and no pods are replaced for it. Until then new content of ConfigMaps and Secrets replaces none; it is tried again.',
  LEADERSHIP_LOST:
    'Another replica acts now, or will; this one ends and competes again when it is restarted. See why the API server could not be reached in time.',
  ADMIN_PORT_IN_USE: 'Choose another port with --admin-port or --secure-metrics-port.',
  UNEXPECTED_ERROR:
    'This is a fault of the operator, which ends and is started again by its Deployment; applications go on. Report the log line with this code and its stack.',
  METRICS_TLS_INVALID: 'Set --secure-metrics-tls to a directory with tls.crt and tls.key, in PEM.',
} as const;

export type ErrorCode = keyof typeof catalogue;

export class OperatorError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'OperatorError';
    this.code = code;
  }
}

/** `CODE: cause. remedy` */
export function sentence({ code, message }: OperatorError): string {
  return `${code}: ${message.replace(/\.$/, '')}. ${catalogue[code]}`;
}
