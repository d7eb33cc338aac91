// A Lease on the API server, watched and written.
import { z } from 'zod';
import { Cache } from './cache.ts';
import type { KubeClient } from './client.ts';
import { isBefore, type Lease, type LeaseStore } from './leader-election.ts';
import { path, resourceType, type KubeObject } from './objects.ts';
import { ListWatch } from './watch.ts';

const leaseType = resourceType('coordination.k8s.io/v1', 'Lease');

const leaseObject = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().default(''),
      leaseDurationSeconds: z.number().default(0),
      leaseTransitions: z.number().default(0),
      acquireTime: z.string().optional(),
    })
    .default({ holderIdentity: '', leaseDurationSeconds: 0, leaseTransitions: 0 }),
});

/** As the API server stores it. */
interface StoredLease extends Lease {
  readonly resourceVersion: string;
  readonly acquired: string | undefined;
}

function stored(object: unknown): StoredLease {
  const { metadata, spec } = leaseObject.parse(object);
  return {
    holder: spec.holderIdentity,
    durationMs: spec.leaseDurationSeconds * 1000,
    transitions: spec.leaseTransitions,
    resourceVersion: metadata.resourceVersion,
    acquired: spec.acquireTime,
  };
}

/** A time with microseconds, as Leases have it. */
const microTime = (): string => new Date().toISOString().replace('Z', '000Z');

export class KubeLease implements LeaseStore {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #name: string;
  #acquired = '';

  /** @param client for this alone: other requests must not delay a renewal */
  constructor(client: KubeClient, { namespace, name }: { namespace: string; name: string }) {
    this.#client = client;
    this.#namespace = namespace;
    this.#name = name;
  }

  /**
   * Tells the lease now and whenever it changes, and whether it has gone back to what it was, as when etcd is restored. Resolves
   * once it is known.
   */
  watch(
    onLease: (lease: Lease | undefined, isRestored: boolean) => void,
    { onError, signal }: { onError: (error: unknown) => void; signal: AbortSignal },
  ): Promise<void> {
    const watch = new ListWatch({
      client: this.#client,
      type: leaseType,
      namespace: this.#namespace,
      fieldSelector: `metadata.name=${this.#name}`,
      cache: new Cache<StoredLease>(() => undefined),
      keep: stored,
      onChange: (before, lease) => {
        // A watch tells versions in their order.
        const wentBack =
          lease !== undefined && before !== undefined && isBefore(lease.resourceVersion, before.resourceVersion);
        onLease(lease, wentBack);
      },
      onError,
      signal,
    });
    void watch.run();
    return watch.synced;
  }

  async write(
    { holder, durationMs, transitions }: Omit<Lease, 'resourceVersion'>,
    seen: Lease | undefined,
    timeoutMs: number,
  ): Promise<Lease> {
    const now = microTime();
    if (seen === undefined || seen.holder !== holder) this.#acquired = now;
    const object: KubeObject = {
      apiVersion: leaseType.apiVersion,
      kind: leaseType.kind,
      metadata: {
        name: this.#name,
        namespace: this.#namespace,
        ...(seen?.resourceVersion !== undefined && { resourceVersion: seen.resourceVersion }),
      },
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: Math.max(1, Math.round(durationMs / 1000)),
        leaseTransitions: transitions,
        acquireTime: this.#acquired,
        renewTime: now,
      },
    };
    const target = seen === undefined ? undefined : this.#name;
    return stored(
      await this.#client.json({
        method: seen === undefined ? 'POST' : 'PUT',
        path: path(leaseType, this.#namespace, target),
        body: object,
        timeoutMs,
      }),
    );
  }
}
