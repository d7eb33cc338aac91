// Errors that a user of the operator meets on its stderr; what concerns one AppServer stands in its conditions instead.

export const catalogue = {
  KUBECONFIG_INVALID: 'Name a kubeconfig with --kubeconfig or KUBECONFIG, or run in a pod with a service account.',
  API_SERVER_UNREACHABLE:
    'Check that the API server runs and that its address in the kubeconfig is reachable; the operator retries.',
  CRD_MISSING:
    'Install it: kubectl apply --server-side -f crds/, or the Helm chart with crds.install=true. The operator checks again.',
  WATCH_FORBIDDEN:
    'Give the operator the rights in charts/appserver-operator/templates/rbac.yaml; the operator retries.',
  WATCH_FAILED: 'It is tried again; the API server log may contain more details.',
  RUNTIME_IMAGE_MISSING: 'Set --runtime-image or RUNTIME_IMAGE to the image that pods install the runtime from.',
  LEADER_ELECTION_FAILED:
    'Check that the operator may create, list, watch and update Leases in its namespace, or, with a single replica, turn off leader election with --no-leader-elect; the operator retries.',
  OPERATOR_KEY_UNAVAILABLE:
    'Allow the operator to create Secrets in its own namespace and to get the Secret that is named, as the Helm chart does. Until then, new content of ConfigMaps and Secrets replaces no pods; the operator retries.',
  OPERATOR_KEY_INVALID:
    'Delete that Secret: the operator creates another one, and replaces no pods for it. Until then, new content of ConfigMaps and Secrets replaces no pods; the operator retries.',
  LEADERSHIP_LOST:
    'Another replica acts now or will do so; this one exits, and competes again when it is restarted. Find out why the API server could not be reached in time.',
  ADMIN_PORT_IN_USE: 'Choose another port with --admin-port or --secure-metrics-port.',
  UNEXPECTED_ERROR:
    'This is a fault of the operator, which exits and is restarted by its Deployment; applications keep running. Report the log line with this code and its stack.',
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
