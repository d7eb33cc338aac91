import type { AppServer } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';

/** One of the AppServer's own, without rights, unless the spec names another. */
export function serviceAccount(app: AppServer): Child | undefined {
  if (app.spec.serviceAccountName !== undefined) return undefined;
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: childMetadata(app, app.metadata.name),
    automountServiceAccountToken: false,
  };
}
