import type { AppServer } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { isFields, type Fields } from '../model/unstructured.ts';
import { childMetadata } from './metadata.ts';

const redirects = ({ filters }: Fields): boolean =>
  Array.isArray(filters) && filters.some((one) => isFields(one) && one['type'] === 'RequestRedirect');

export function httpRoute(app: AppServer): Child | undefined {
  const { httpRoute: wanted, service } = app.spec;
  if (wanted === undefined) return undefined;
  const { parentRefs, hostnames, path } = wanted;
  const matches = [{ path: { type: 'PathPrefix', value: path } }];
  const backendRefs = [{ name: app.metadata.name, port: service.port }];
  const rules: readonly Fields[] = wanted.rules ?? [{ matches }];
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: childMetadata(app, app.metadata.name, wanted),
    spec: {
      parentRefs,
      ...(hostnames && { hostnames }),
      rules: rules.map((rule) =>
        rule['backendRefs'] !== undefined || redirects(rule) ? rule : Object.assign({}, rule, { backendRefs }),
      ),
    },
  };
}
