import { names, type AppServer } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import type { Layout } from '../model/layout.ts';
import { childMetadata } from './metadata.ts';

/** One of the AppServer's own, without rights, unless the spec names another. */
export function serviceAccount(app: AppServer, layout: Layout): Child | undefined {
  if (app.spec.serviceAccountName !== undefined) return undefined;
  const { imagePullSecrets } = app.spec.serviceAccount ?? {};
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: childMetadata(app, names.ownAccount(app.metadata.name, layout), app.spec.serviceAccount),
    automountServiceAccountToken: false,
    ...(imagePullSecrets && { imagePullSecrets }),
  };
}
