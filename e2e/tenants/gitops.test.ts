// What the account may do by which Argo CD or Flux deploys the application of examples/gitops.
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { repository } from '../cluster/layout.ts';
import { clientAs, destroy, eventually, get, types } from '../harness/api.ts';
import { appServer } from '../harness/appserver.ts';
import { installOperator, kubectl } from '../harness/operator.ts';
import { create, dry, forbidden, tenant, untilPoliciesHold } from './roles.ts';

const account = 'system:serviceaccount:shop:deployer';
const file = (path: string): string => join(repository, 'examples/gitops', path);
const apply = (...args: readonly string[]): Promise<string> =>
  kubectl('apply', '--server-side', '--force-conflicts', '--field-manager=argocd-controller', ...args);

describe('the account of the GitOps example', { concurrency: 1 }, () => {
  before(async () => {
    await installOperator();
    await using probing = await tenant('g');
    await untilPoliciesHold(probing);
    await apply('-f', file('tenants/shop.yaml'));
  });
  after(() => destroy(types.Namespace, undefined, 'shop'));

  test('may deploy the application, compare it, restart it and remove it', async () => {
    const asAccount = [`--as=${account}`, '--namespace=shop'];
    const application = ['-f', file('applications/shop/appserver.yaml')];
    await apply(...asAccount, ...application);
    await eventually('children', () => get(types.Deployment, 'shop', 'shop'));
    // The status, which changes meanwhile, is part of what it compares: a difference in the rest is there each time.
    await eventually('no difference', async () => {
      const compare = ['diff', '--server-side', '--field-manager=argocd-controller'];
      return (await kubectl(...compare, ...asAccount, ...application)) === '' ? true : undefined;
    });
    const metadata = { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-11-26T08:00:00Z' } };
    const restart = JSON.stringify({ spec: { podTemplate: { metadata } } });
    await kubectl('patch', 'appserver', 'shop', '--type=merge', `--patch=${restart}`, ...asAccount);
    await kubectl('delete', '--wait=false', ...asAccount, ...application);
  });

  test('may not have what its AppServers ask for beyond that', async () => {
    const as = dry(clientAs(account));
    const more = { service: { type: 'LoadBalancer' } };
    await forbidden(create(types.AppServer, appServer('shop', more, 'more'), as), /spec\.service makes a Service/);
    await forbidden(create(types.AppServer, appServer('default', {}, 'elsewhere'), as), /cannot create resource/);
  });
});
