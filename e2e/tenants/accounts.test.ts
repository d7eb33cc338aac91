// Service accounts: whoever writes an AppServer runs programs as the account of its pods, so that account is asked about at
// creation, and whenever anything changes that runs under it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { path, type KubeClient, type KubeObject } from '../../src/kube/index.ts';
import { client, clientAs, destroy, types } from '../harness/api.ts';
import { appServer } from '../harness/appserver.ts';
import { installOperator } from '../harness/operator.ts';
import {
  create,
  dry,
  forbidden,
  grant,
  patch,
  tenant,
  untilAllowed,
  untilPoliciesHold,
  writesAppServers,
  type Tenant,
} from './roles.ts';

const token = { projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } };
const certificate = { projected: { sources: [{ podCertificate: { signerName: 'a.example.com/b' } }] } };

interface Case {
  readonly spec: object;
  /** Name of the account that is asked about; undefined for none. */
  readonly account: string | undefined;
}

/** Of an AppServer that is named like an account with rights. */
const name = 'treasurer';
const own = `${name}.appserver`;

const cases: Record<string, Case> = {
  'its own account, without a token': { spec: {}, account: undefined },
  'its own account, with a token': { spec: { automountServiceAccountToken: true }, account: own },
  'its own account, with a token in a volume': { spec: { volumes: [{ name: 'token', ...token }] }, account: own },
  'its own account, with a certificate in a volume': {
    spec: { volumes: [{ name: 'certificate', ...certificate }] },
    account: own,
  },
  'its own account, with a token in a volume of podTemplate': {
    spec: { podTemplate: { spec: { volumes: [{ name: 'token', ...token }] } } },
    account: own,
  },
  'its own account, with a token by podTemplate': {
    spec: { podTemplate: { spec: { automountServiceAccountToken: true } } },
    account: own,
  },
  'a named account': { spec: { serviceAccountName: name }, account: name },
  'a named account, with a token': {
    spec: { serviceAccountName: name, automountServiceAccountToken: true },
    account: name,
  },
  'the account that pods have without one': { spec: { serviceAccountName: 'default' }, account: 'default' },
};

/** What runs under the account, or as what it runs. */
const changes: Record<string, object> = {
  'a hook that prints the token': {
    hooks: { beforeStop: { command: ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/token'] } },
  },
  'another image': { image: 'registry.example.com/evil:1' },
  'another container': { podTemplate: { spec: { containers: [{ name: 'evil', image: 'evil' }] } } },
  'a live setting': { logging: { level: 'debug' } },
};

describe('the account of an AppServer', { concurrency: 1 }, () => {
  let team: Tenant;
  before(async () => {
    await installOperator();
    team = await tenant('a');
    await untilPoliciesHold(team);
  });
  after(() => team[Symbol.asyncDispose]());

  const shop = (spec: object): KubeObject => appServer(team.namespace, { replicas: 0, ...spec }, name);

  const removed = (): Promise<void> => destroy(types.AppServer, team.namespace, name);

  async function existing(spec: object): Promise<KubeObject> {
    await removed();
    return create(types.AppServer, shop(spec), { as: client });
  }

  /** A writer of AppServers who may use one account, or create pods. */
  async function entitled(account: string, by: 'use' | 'pods'): Promise<KubeClient> {
    const user = `${by}-${account}-of-${team.namespace}`;
    const right =
      by === 'pods'
        ? { apiGroups: [''], resources: ['pods'], verbs: ['create'] }
        : { apiGroups: [''], resources: ['serviceaccounts'], resourceNames: [account], verbs: ['use'] };
    await grant(team.namespace, user, [writesAppServers, right]);
    const as = clientAs(user);
    await untilAllowed(() => create(types.AppServer, appServer(team.namespace, {}, 'other'), dry(as)));
    return as;
  }

  for (const [what, { spec, account }] of Object.entries(cases)) {
    if (account === undefined) {
      test(`${what}: needs no right`, async () => {
        await removed();
        await create(types.AppServer, shop(spec), dry(team.author));
        const made = await existing(spec);
        for (const change of Object.values(changes))
          await patch(types.AppServer, made, { spec: change }, dry(team.author));
      });
      continue;
    }
    const says = new RegExp(
      `; ask for the verb use on serviceaccounts/${account.replace('.', String.raw`\.`)} in namespace`,
    );

    test(`${what}: is refused to whoever may not use it, at creation and at every change of what runs`, async () => {
      await forbidden(create(types.AppServer, shop(spec), dry(team.author)), says);
      await forbidden(patch(types.AppServer, await existing({}), { spec }, dry(team.author)), says);
      const made = await existing(spec);
      for (const change of Object.values(changes))
        await forbidden(patch(types.AppServer, made, { spec: change }, dry(team.author)), says);
      const harmless = { metadata: { labels: { team: 'a' } }, spec: { replicas: 0, service: { port: 81 } } };
      await patch(types.AppServer, made, harmless, dry(team.author));
    });

    for (const by of ['use', 'pods'] as const) {
      test(`${what}: is allowed to whoever may ${by === 'use' ? 'use it' : 'create pods'}`, async () => {
        const as = await entitled(account, by);
        await removed();
        await create(types.AppServer, shop(spec), dry(as));
        const made = await existing(spec);
        for (const change of Object.values(changes)) await patch(types.AppServer, made, { spec: change }, dry(as));
      });
    }

    test(`${what}: the right to another account is none`, async () => {
      const as = await entitled('cleaner', 'use');
      await forbidden(create(types.AppServer, shop(spec), dry(as)), says);
    });
  }

  test('podTemplate cannot name another account, by either of its fields', async () => {
    for (const field of ['serviceAccountName', 'serviceAccount']) {
      await assert.rejects(
        create(types.AppServer, shop({ podTemplate: { spec: { [field]: 'admin' } } }), dry(team.author)),
        /spec\.podTemplate\.spec must not set serviceAccountName or serviceAccount, .*; set that one/,
      );
    }
  });

  test("no AppServer can name another's own account", async () => {
    for (const as of [team.author, client]) {
      await assert.rejects(
        create(types.AppServer, appServer(team.namespace, { serviceAccountName: own }, 'shop'), dry(as)),
        /spec\.serviceAccountName must not end with \.appserver/,
      );
    }
  });

  test('nobody else can apply an AppServer into its place', async () => {
    const made = await existing({ serviceAccountName: name });
    const contentType = 'application/apply-patch+yaml';
    const body = { ...shop({ image: 'evil' }), apiVersion: types.AppServer.apiVersion, kind: 'AppServer' };
    const apply = team.author.json({
      method: 'PATCH',
      path: path(types.AppServer, team.namespace, made.metadata.name),
      query: { fieldManager: 'author', force: 'true' },
      body,
      contentType,
    });
    await forbidden(apply, /ask for the verb use on serviceaccounts\/treasurer/);
  });
});
