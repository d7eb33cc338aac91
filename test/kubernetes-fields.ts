// AppServers with one field of Kubernetes in them, and where a child has it.
import type { AppServer } from '../src/api/index.ts';
import type { Reachable } from '../src/api/kubernetes-fields.ts';
import { isFields } from '../src/operator/model/unstructured.ts';
import { appServer } from './builders.ts';

function withField(spec: Record<string, unknown>, [field = '', ...inside]: readonly string[], value: unknown): object {
  const at = spec[field];
  return { ...spec, [field]: inside.length === 0 ? value : withField(isFields(at) ? { ...at } : {}, inside, value) };
}

/** The spec that says the field, with what the value needs beside it. */
export function specWith(one: Reachable): object {
  return withField({ ...one.with }, one.field.split('.'), one.value);
}

export function appServerWith(one: Reachable): AppServer {
  return appServer(specWith(one));
}

/** The value at a path, of lists the first item. */
export function valueAt(object: unknown, path: string): unknown {
  const steps = path.replaceAll('[]', '.0').split('.');
  return steps.reduce<unknown>((value, key) => Object.entries(value ?? {}).find(([name]) => name === key)?.[1], object);
}
