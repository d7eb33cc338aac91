// What the containers of a pod have in common.

/** Folder of the runtime in every container that has it. */
export const runtimeHome = '/appserver';

/** The restricted Pod Security Standard, as far as it concerns a container. */
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

export function probe(path: string, port: string, timing: object): object {
  return { httpGet: { path, port }, timeoutSeconds: 2, ...timing };
}
