// The key by which contents of ConfigMaps and Secrets are noted on Deployments. The operator makes it itself, once, in a
// Secret of its own namespace: what a chart renders would be another one at each upgrade, or in everybody's hands.
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { names } from '../../api/index.ts';
import { ApiError, path, resourceType, type KubeClient } from '../../kube/index.ts';
import { ContentKey } from '../model/content-key.ts';
import { OperatorError } from './errors.ts';

const secretType = resourceType('v1', 'Secret');
const typeOfKey = 'appserver.dev/operator-key';
const bytesOfKey = 32;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

const stored = z.looseObject({
  type: z.literal(typeOfKey),
  data: z.looseObject({ key: z.base64() }),
});

export interface OperatorKeyOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Of the Secret. */
  readonly name: string;
  /** When this replica leads: only then it may create anything. */
  readonly mayCreate: Promise<void>;
  readonly onKey: (key: ContentKey) => void;
  readonly onError: (error: OperatorError) => void;
  readonly signal: AbortSignal;
  /** Between two tries. Default: a pause that lets the process end meanwhile */
  readonly pause?: (ms: number) => Promise<void>;
}

/**
 * Reads the key, or makes it, and tries again until that works or the signal. Resolves after the first try, whatever came of
 * it: the operator goes on without the key.
 */
export async function loadOperatorKey(options: OperatorKeyOptions): Promise<void> {
  if (!(await tryOnce(options))) void keepTrying(options);
}

async function keepTrying(options: OperatorKeyOptions): Promise<void> {
  const { signal } = options;
  const { pause = (ms: number) => delay(ms, undefined, { ref: false }) } = options;
  for (let ms = firstPauseMs; !signal.aborted; ms = Math.min(longestPauseMs, 2 * ms)) {
    await pause(ms);
    if (signal.aborted || (await tryOnce(options))) return;
  }
}

async function tryOnce(options: OperatorKeyOptions): Promise<boolean> {
  const { namespace, name, onKey, onError } = options;
  try {
    // Another replica may be faster in making it.
    const key = (await read(options)) ?? (await create(options)) ?? (await read(options));
    if (key === undefined) throw new Error('it exists and does not, in turn');
    onKey(new ContentKey(key));
    return true;
  } catch (error) {
    const cause = `Secret ${namespace}/${name}: ${error instanceof Error ? error.message : String(error)}`;
    onError(
      error instanceof OperatorError ? error : new OperatorError('OPERATOR_KEY_UNAVAILABLE', cause, { cause: error }),
    );
    return false;
  }
}

/** @returns undefined when there is no such Secret @throws OperatorError OPERATOR_KEY_INVALID */
async function read({ client, namespace, name }: OperatorKeyOptions): Promise<Uint8Array | undefined> {
  let answer: unknown;
  try {
    answer = await client.json({ method: 'GET', path: path(secretType, namespace, name) });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
  const { data: secret } = stored.safeParse(answer);
  const key = secret === undefined ? undefined : Buffer.from(secret.data.key, 'base64');
  if (key?.length === bytesOfKey) return key;
  // Not with what was found as the cause: it may be a key all the same.
  const cause = `Secret ${namespace}/${name} is not of type ${typeOfKey} with ${bytesOfKey} bytes under data.key`;
  throw new OperatorError('OPERATOR_KEY_INVALID', cause);
}

/** @returns undefined when there is such a Secret already */
async function create({ client, namespace, name, mayCreate }: OperatorKeyOptions): Promise<Uint8Array | undefined> {
  await mayCreate;
  const key = randomBytes(bytesOfKey);
  const labels = { [names.managedByLabel]: names.fieldManager };
  const body = {
    apiVersion: secretType.apiVersion,
    kind: secretType.kind,
    metadata: { name, namespace, labels },
    type: typeOfKey,
    immutable: true,
    data: { key: key.toString('base64') },
  };
  try {
    await client.json({ method: 'POST', path: path(secretType, namespace), body });
    return key;
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'AlreadyExists') return undefined;
    throw error;
  }
}
