// Whether this replica of the operator is the one that acts.
import type { KubeConfig } from '@kubernetes/client-node';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { ApiError, KubeClient, KubeLease, LeaderElection } from '../../kube/index.ts';
import { OperatorError } from './errors.ts';

export interface Leadership {
  /** Resolves when this replica leads. */
  readonly won: Promise<void>;
  /** Resolves when it does not any more without having given it up. */
  readonly lost: Promise<void>;
  readonly leads: () => boolean;
  /** Lets another replica begin at once. */
  readonly release: () => Promise<void>;
}

export function withoutElection(): Leadership {
  return {
    won: Promise.resolve(),
    lost: new Promise(() => undefined),
    leads: () => true,
    release: () => Promise.resolve(),
  };
}

export interface ElectionOptions {
  readonly config: KubeConfig;
  /** When its credentials are not taken any more. */
  readonly reload: () => KubeConfig;
  readonly namespace: string;
  /** Of the Lease. Operators that watch different namespaces need different ones. */
  readonly name: string;
  readonly onError: (error: OperatorError) => void;
  readonly signal: AbortSignal;
}

export function compete({ config, reload, namespace, name, onError, signal }: ElectionOptions): Leadership {
  const explain = (error: unknown): void => {
    // When all of an installation is deleted, its rights may go before its pods: an operator that ends is not concerned.
    if (signal.aborted && error instanceof ApiError && [401, 403, 404].includes(error.status)) return;
    const cause = `Lease ${namespace}/${name}: ${error instanceof Error ? error.message : String(error)}`;
    onError(new OperatorError('LEADER_ELECTION_FAILED', cause, { cause: error }));
  };
  const client = new KubeClient(config, { reload });
  const store = new KubeLease(client, { namespace, name });
  const election = new LeaderElection({ store, identity: `${hostname()}_${randomUUID()}`, onError: explain });
  const watching = new AbortController();
  const start = async (): Promise<void> => {
    await store.watch((lease, isRestored) => election.observe(lease, isRestored), {
      onError: explain,
      signal: watching.signal,
    });
    if (!signal.aborted) election.start();
  };
  void start();
  return {
    won: election.won,
    lost: election.lost,
    leads: () => election.leads(),
    release: async () => {
      await election.release();
      watching.abort();
      client.close();
    },
  };
}

const ownNamespaceFile = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** The pod's, or that of the kubeconfig's context. */
export function ownNamespace(config: KubeConfig): string {
  if (existsSync(ownNamespaceFile)) return readFileSync(ownNamespaceFile, 'utf8').trim();
  return config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
}
