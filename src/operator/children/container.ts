// What the containers of a pod have in common.
import type { AppServer } from '../../api/index.ts';
import type { Layout } from '../model/layout.ts';

/** Folder of the runtime in every container that has it. */
export const runtimeHome = '/appserver';

/** The restricted Pod Security Standard, as far as it concerns a container. */
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

/** What quotas demand of every container, and LimitRanges bound. */
const computeResources = new Set(['cpu', 'memory', 'ephemeral-storage']);

type Amounts = AppServer['spec']['resources'];

const computeAmounts = (all: Readonly<Record<string, unknown>> = {}): object =>
  Object.fromEntries(Object.entries(all).filter(([name]) => computeResources.has(name)));

/**
 * Resources of an init container of the operator's. From layout 3 on they are the application's: what a quota or a LimitRange
 * wants of the one it wants of the other, and as the pod's share is the larger of both, that costs nothing.
 */
export function initResources(layout: Layout, application: Amounts, before: object): object {
  if (layout < 3) return { resources: before };
  if (application === undefined) return {};
  const { requests, limits } = application;
  return {
    resources: {
      ...(requests && { requests: computeAmounts(requests) }),
      ...(limits && { limits: computeAmounts(limits) }),
    },
  };
}

export function probe(path: string, port: string, timing: object): object {
  return { httpGet: { path, port }, timeoutSeconds: 2, ...timing };
}
