// The ConfigMap that teaches Argo CD the kind AppServer, from the Lua scripts in gitops/argocd. These lie as Argo CD's own
// repository has those of other kinds.
import { dump } from 'js-yaml';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const scripts = join(import.meta.dirname, '../gitops/argocd/appserver.dev/AppServer');
const actions = ['restart', 'pause', 'resume'];

const script = (path: string): string => readFileSync(join(scripts, path), 'utf8');

/** Only what is ours of `argocd-cm`: server-side apply adds it to what is there. */
export function argoCdConfigMap(): string {
  const resourceActions = {
    'discovery.lua': script('actions/discovery.lua'),
    definitions: actions.map((name) => ({ name, 'action.lua': script(`actions/${name}/action.lua`) })),
  };
  return dump(
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'argocd-cm', namespace: 'argocd', labels: { 'app.kubernetes.io/part-of': 'argocd' } },
      data: {
        'resource.customizations.health.appserver.dev_AppServer': script('health.lua'),
        'resource.customizations.actions.appserver.dev_AppServer': dump(resourceActions, { lineWidth: -1 }),
      },
    },
    { lineWidth: -1 },
  );
}
