import type { Logger } from 'pino';
import type { AppServer } from '../../api/index.ts';
import type { KubeObject } from '../../kube/index.ts';

/** What one reconcile is about. */
export interface Subject {
  /** `namespace/name` */
  readonly key: string;
  /** As it is stored. */
  readonly object: KubeObject;
  readonly app: AppServer;
  /** With what tells this reconcile from others. */
  readonly log: Logger;
}
