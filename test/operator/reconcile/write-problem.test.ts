// What a failed write comes to. The sentences are the API server's own; that they are is shown by e2e/faults/rejections.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError } from '../../../src/kube/index.ts';
import { deployment } from '../../../src/operator/children/deployment.ts';
import { service } from '../../../src/operator/children/service.ts';
import type { Child } from '../../../src/operator/model/facts.ts';
import { writeProblem } from '../../../src/operator/reconcile/write-problem.ts';
import { appServer, facts, podsIn } from '../../builders.ts';

const app = appServer({ env: [{ name: 'A', value: '1' }] });
const shop = deployment({ app, pods: podsIn(facts({ app })), contents: undefined });

interface Case {
  readonly child?: Child;
  readonly status: number;
  readonly says: string;
  readonly reason: string;
  readonly state: string;
}

const cases: Record<string, Case> = {
  'the operator has no right': {
    status: 403,
    says: 'deployments.apps "shop" is forbidden: User "system:serviceaccount:a:b" cannot patch resource "deployments" in API group "apps" in the namespace "web"',
    reason: 'OperatorForbidden',
    state: 'stalled',
  },
  'the operator may not set the owner': {
    status: 403,
    says: 'deployments.apps "shop" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can\'t set finalizers on: no',
    reason: 'OperatorForbidden',
    state: 'stalled',
  },
  'the operator may not set an owner of what it may not delete': {
    status: 403,
    says: 'deployments.apps "shop" is forbidden: cannot set an ownerRef on a resource you can\'t delete: , <nil>',
    reason: 'OperatorForbidden',
    state: 'stalled',
  },
  'an admission plugin rejects it': {
    status: 403,
    says: 'deployments.apps "shop" is forbidden: node selector conflict',
    reason: 'PolicyDenied',
    state: 'stalled',
  },
  'a policy rejects it as too large': {
    status: 413,
    says: "deployments.apps \"shop\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: too large",
    reason: 'PolicyDenied',
    state: 'stalled',
  },
  'the namespace is being deleted': {
    status: 403,
    says: 'deployments.apps "shop" is forbidden: unable to create new content in namespace web because it is being terminated',
    reason: 'NamespaceTerminating',
    state: 'waiting',
  },
  'the quota is new': {
    status: 403,
    says: 'services "shop" is forbidden: status unknown for quota: small, resources: services',
    child: service(app),
    reason: 'ApplyFailed',
    state: 'failing',
  },
  'a typed error of server-side apply': {
    status: 500,
    says: 'failed to create typed patch object (web/shop; apps/v1, Kind=Deployment): .spec.template.spec.resourcez: field not declared in schema',
    reason: 'ApplyRejected',
    state: 'stalled',
  },
  'an invalid value': {
    status: 422,
    says: 'Deployment.apps "shop" is invalid: spec.template.spec.containers[0].env[0].name: Invalid value',
    reason: 'ApplyRejected',
    state: 'stalled',
  },
  'a field that cannot be changed': {
    status: 422,
    says: 'Deployment.apps "shop" is invalid: spec.selector: Invalid value: {}: field is immutable',
    reason: 'FieldImmutable',
    state: 'stalled',
  },
  'a field of a Service that cannot be changed': {
    child: service(app),
    status: 422,
    says: 'Service "shop" is invalid: spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set',
    reason: 'FieldImmutable',
    state: 'stalled',
  },
  'an object that is too large for etcd': {
    status: 500,
    says: 'etcdserver: request is too large',
    reason: 'ApplyRejected',
    state: 'stalled',
  },
  'an API server in trouble': {
    status: 500,
    says: 'Internal error occurred: etcdserver: leader changed',
    reason: 'ApplyFailed',
    state: 'failing',
  },
  'a timeout': { status: 504, says: 'request timed out', reason: 'ApplyFailed', state: 'failing' },
};

describe('a write that is answered with', () => {
  for (const [name, { child = shop, status, says, reason, state }] of Object.entries(cases)) {
    test(name, () => {
      const problem = writeProblem(app, child, new ApiError(status, '', says));
      assert.deepEqual([problem.reason, problem.state], [reason, state], problem.cause);
      assert.match(problem.cause, /(; .*|any more)\.$/, 'a remedy');
    });
  }

  test('an invalid value names the field of the AppServer', () => {
    const { cause } = writeProblem(
      app,
      shop,
      new ApiError(
        422,
        'Invalid',
        'Deployment.apps "shop" is invalid: spec.template.spec.containers[0].env[0].name: Invalid value: "x"',
      ),
    );
    assert.equal(cause, 'Deployment shop is rejected: spec.env[A].name: Invalid value: "x"; correct that field.');
  });

  test('a label of the Deployment that no label can be names the field of the AppServer', () => {
    const says = 'Deployment.apps "shop" is invalid: metadata.labels: Invalid value: "x y": a valid label';
    const { cause } = writeProblem(app, shop, new ApiError(422, 'Invalid', says));
    assert.equal(
      cause,
      'Deployment shop is rejected: metadata.labels: Invalid value: "x y": a valid label; correct spec.deployment, which they are from.',
    );
  });

  test('an invalid value of another child names the part of the AppServer', () => {
    const { cause } = writeProblem(
      app,
      service(app),
      new ApiError(422, 'Invalid', 'Service "shop" is invalid: spec.ports[0].port: Invalid value: 0'),
    );
    assert.equal(
      cause,
      'Service shop is rejected: spec.ports[0].port: Invalid value: 0; correct spec.service, which it is made from.',
    );
  });
});
