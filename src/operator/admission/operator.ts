// What the operator's own account may do of what its role allows: whoever has its token can write children of AppServers, and
// nothing else.
import { group, kind, names, plural } from '../../api/index.ts';
import { resourceType } from '../../kube/objects.ts';
import { appServerType, childKinds, childTypes, podType, replicaSetType } from '../model/kinds.ts';
import { byOthers, byTheOperator, celList, inItsNamespace, installed, rulesFor, type Policy } from './policy.ts';

/** The policies see events of events.k8s.io, which are the same objects, in this form too. */
const eventType = resourceType('v1', 'Event');
const leaseType = resourceType('coordination.k8s.io/v1', 'Lease');
const secretType = resourceType('v1', 'Secret');

const replaceable = [childTypes.Deployment, replicaSetType].map((type) => type.plural);
const types = childKinds.map((one) => childTypes[one]);

const label = (of: string, key: string): string => `${of}.metadata.?labels[?'${key}'].orValue('')`;
/** The owner references to AppServers that are controllers, of which an object has one at most. */
const controllers = (of: string): string =>
  `${of}.metadata.?ownerReferences.orValue([]).filter(one, one.?controller.orValue(false))`;
const isAppServer = `one.kind == '${kind}' && one.apiVersion.startsWith('${group}/')`;

function childrenPolicy(): Policy {
  return {
    suffix: 'children',
    comment: 'The operator writes and deletes children of AppServers alone.',
    where: 'everywhere',
    resourceRules: [...rulesFor(types, ['CREATE', 'UPDATE', 'DELETE']), ...rulesFor([replicaSetType], ['DELETE'])],
    knowsOperator: true,
    matchConditions: [byTheOperator],
    variables: [
      {
        // What a Deployment of the AppServer takes the place of.
        name: 'replaced',
        expression: `request.operation == 'DELETE' && request.resource.resource in ${celList(replaceable)} && size(${controllers('oldObject')}) == 0 && oldObject.metadata.?annotations[?'${names.adoptAnnotation}'].orValue('') != ''`,
      },
      { name: 'object', expression: `request.operation == 'DELETE' ? oldObject : object` },
      { name: 'instance', expression: label('variables.object', names.instanceLabel) },
      { name: 'controllers', expression: controllers('variables.object') },
      { name: 'before', expression: `request.operation == 'CREATE' ? [] : ${controllers('oldObject')}` },
    ],
    validations: [
      {
        // A label that somebody else has made wrong may stay so until the write that puts it right, or deletes the object.
        expression: `variables.replaced || variables.controllers.exists(one, ${isAppServer} && (one.name == variables.instance || (size(variables.before) > 0 && variables.instance == ${label('oldObject', names.instanceLabel)})))`,
        message: `the operator may write and delete only objects whose controller is the AppServer that their label ${names.instanceLabel} names`,
        reason: 'Forbidden',
      },
      {
        // Its own already; or nobody's, and marked as a child or as one that may be taken over.
        expression:
          `request.operation != 'UPDATE' || (size(variables.before) > 0 ? variables.before.all(one, ${isAppServer} && variables.controllers.exists(now, now.uid == one.uid && now.name == one.name)) : ` +
          `(oldObject.metadata.?annotations[?'${names.adoptAnnotation}'].orValue('') == variables.instance || ` +
          `(${label('oldObject', names.managedByLabel)} == '${names.fieldManager}' && ${label('oldObject', names.instanceLabel)} == variables.instance)))`,
        message: `the operator may take over only objects without a controller that have the labels of a child or the annotation ${names.adoptAnnotation}`,
        reason: 'Forbidden',
      },
    ],
  };
}

function podsPolicy(): Policy {
  const own = `key == '${names.liveRevisionAnnotation}'`;
  const same = (field: string): string => `object.metadata.?${field} == oldObject.metadata.?${field}`;
  return {
    suffix: 'pods',
    comment:
      'The operator touches pods, so that kubelet looks at their ConfigMaps at once, and is to do nothing else to them.',
    where: 'everywhere',
    resourceRules: rulesFor([podType], ['CREATE', 'UPDATE', 'DELETE']),
    knowsOperator: true,
    matchConditions: [byTheOperator],
    variables: [
      { name: 'before', expression: 'oldObject.metadata.?annotations.orValue({})' },
      { name: 'after', expression: 'object.metadata.?annotations.orValue({})' },
    ],
    validations: [
      {
        expression: [
          `request.operation == 'UPDATE'`,
          `${label('oldObject', names.managedByLabel)} == '${names.fieldManager}'`,
          'object.spec == oldObject.spec',
          ...['labels', 'finalizers', 'ownerReferences'].map(same),
          `variables.before.all(key, ${own} || (key in variables.after && variables.after[key] == variables.before[key]))`,
          `variables.after.all(key, ${own} || key in variables.before)`,
        ].join(' && '),
        message: `the operator may change nothing of a pod but its annotation ${names.liveRevisionAnnotation}, and that of its own pods alone`,
        reason: 'Forbidden',
      },
    ],
  };
}

function reportsPolicy(): Policy {
  const objectName = '(object == null ? oldObject : object).metadata.name';
  const isAboutApp = (of: 'object' | 'oldObject'): string => {
    const about = `dyn(${of}).involvedObject`;
    return `${about}.kind == '${kind}' && ${about}.apiVersion.startsWith('${group}/') && ${about}.namespace == request.namespace`;
  };
  return {
    suffix: 'reports',
    comment:
      'What the operator writes besides children: events of AppServers, its own Lease, its own key; of AppServers their status.',
    where: 'everywhere',
    resourceRules: rulesFor([eventType, leaseType, secretType, appServerType], ['CREATE', 'UPDATE', 'DELETE']),
    knowsOperator: true,
    matchConditions: [byTheOperator],
    variables: [
      { name: 'resource', expression: 'request.resource.resource' },
      { name: 'object', expression: 'dyn(object)' },
      { name: 'name', expression: objectName },
    ],
    validations: [
      {
        expression: `variables.resource != '${eventType.plural}' || (request.operation != 'DELETE' && ${isAboutApp('object')} && (request.operation == 'CREATE' || ${isAboutApp('oldObject')}))`,
        message: 'the operator may send events only about AppServers of the same namespace',
        reason: 'Forbidden',
      },
      {
        expression: `variables.resource != '${leaseType.plural}' || (request.operation != 'DELETE' && ${inItsNamespace} && variables.name == '${installed.fullName}')`,
        message: 'the operator may write no Lease but its own',
        reason: 'Forbidden',
      },
      {
        expression: `variables.resource != '${secretType.plural}' || (request.operation == 'CREATE' && ${inItsNamespace} && variables.name == '${installed.fullName}-key')`,
        message: 'the operator may create no Secret but its own key, and change none',
        reason: 'Forbidden',
      },
      {
        expression: `variables.resource != '${appServerType.plural}'`,
        message: 'the operator may write nothing of an AppServer but its status',
        reason: 'Forbidden',
      },
    ],
  };
}

function managerPolicy(): Policy {
  return {
    suffix: 'field-manager',
    comment:
      'What the operator has applied is known by the name of its field manager, so only those use that name who could write its reports, too.',
    where: 'watched',
    resourceRules: rulesFor(types, ['CREATE', 'UPDATE']),
    labels: { [names.managedByLabel]: names.fieldManager },
    knowsOperator: true,
    matchConditions: [
      byOthers,
      {
        name: 'under-its-name',
        expression: `request.?options.?fieldManager.orValue('').startsWith('${names.fieldManager}')`,
      },
    ],
    variables: [],
    validations: [
      {
        // As another operator may, and an administrator.
        expression: `authorizer.group('${group}').resource('${plural}').subresource('status').namespace(request.namespace).check('patch').allowed()`,
        message: `the field manager ${names.fieldManager} is the operator's, and of those who may patch ${plural}/status; use another name, with kubectl --field-manager=NAME`,
        reason: 'Forbidden',
      },
    ],
  };
}

export function operatorPolicies(): Policy[] {
  return [childrenPolicy(), podsPolicy(), reportsPolicy(), managerPolicy()];
}
