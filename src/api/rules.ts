// Rules that a schema cannot express, in CEL, checked by the API server before anything is stored. Each message is a
// sentence that names the field and the remedy: it is all that a user of kubectl reads. Rules within one field stand beside
// that field, in metadata.ts and volumes.ts.

import { adminPort, ownAccountSuffix, ownContainers, ownVolumes, proxyAdminPort } from './names.ts';

export interface Rule {
  /** Expression over `self`; evaluates to true for what is allowed. */
  readonly rule: string;
  readonly message: string;
  /** Field that a client highlights, as a path below the place of the rule. */
  readonly fieldPath?: string;
}

/** Longest name of an AppServer: the longest suffix of a child still fits into 63 characters. */
export const maxNameLength = 40;

/** Longest time that a pod may take to end. */
const longestEnd = '1h';

export const resourceRules: readonly Rule[] = [
  {
    rule: `self.metadata.name.size() <= ${maxNameLength} && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')`,
    message: `metadata.name must be at most ${maxNameLength} lower-case letters, digits or '-', begin with a letter and not end with '-', because the Service bears it; choose such a name`,
  },
];

export const specRules: readonly Rule[] = [
  {
    rule: `self.port != ${adminPort}`,
    message: `spec.port must not be ${adminPort}, where the runtime serves probes and metrics; choose another port`,
    fieldPath: '.port',
  },
  {
    rule: `!has(self.proxy) || ([self.port, self.proxy.port].all(one, !(one in [${adminPort}, ${proxyAdminPort}])) && self.port != self.proxy.port)`,
    message: `spec.proxy.port and spec.port must differ, and neither be ${adminPort} or ${proxyAdminPort}, where probes are answered; choose other ports`,
    fieldPath: '.proxy.port',
  },
  {
    rule: "!has(self.service.ports) || self.service.ports.all(one, one.name != (has(self.service.portName) ? self.service.portName : 'http') && one.port != self.service.port)",
    message:
      'spec.service.ports must have other names than spec.service.portName (http), and other ports than spec.service.port; choose other ones',
    fieldPath: '.service.ports',
  },
  {
    rule: "!has(self.ingress) || !has(self.ingress.paths) || (self.ingress.path == '/' && !has(self.ingress.pathType))",
    message: 'spec.ingress must not have both paths and path or pathType; use paths alone',
    fieldPath: '.ingress.paths',
  },
  {
    rule: '!has(self.ingress) || !has(self.ingress.paths) || self.ingress.paths.all(one, !has(one.port) || has(one.port.name) != has(one.port.number))',
    message: 'spec.ingress.paths must name each port by exactly one of name and number; remove one of them',
    fieldPath: '.ingress.paths',
  },
  {
    rule: '!has(self.ingress) || !has(self.ingress.tls) || !has(self.ingress.tlsSecretName)',
    message: 'spec.ingress must not have both tls and tlsSecretName; remove one of them',
    fieldPath: '.ingress.tls',
  },
  {
    rule: "!has(self.httpRoute) || !has(self.httpRoute.rules) || self.httpRoute.path == '/'",
    message: 'spec.httpRoute must not have both rules and path; use rules alone',
    fieldPath: '.httpRoute.rules',
  },
  {
    rule: '!has(self.networkPolicy) || has(self.networkPolicy.from) || has(self.networkPolicy.ingress) || has(self.networkPolicy.egress)',
    message: 'spec.networkPolicy must have from, ingress or egress, or it would allow everything; set one of them',
    fieldPath: '.networkPolicy',
  },
  {
    rule: '!has(self.serviceAccount) || !has(self.serviceAccountName)',
    message:
      "spec.serviceAccount is about the AppServer's own account, which it has none of with spec.serviceAccountName; remove one of them",
    fieldPath: '.serviceAccount',
  },
  {
    rule: "!has(self.autoscaling) || !has(self.scaleTarget) || self.scaleTarget == 'AppServer'",
    message:
      'spec.scaleTarget Deployment is for an autoscaler of your own, beside which spec.autoscaling must not be; remove one of them',
    fieldPath: '.scaleTarget',
  },
  {
    rule: `!has(self.serviceAccountName) || !self.serviceAccountName.endsWith('${ownAccountSuffix}')`,
    message: `spec.serviceAccountName must not end with ${ownAccountSuffix}, as the names of AppServers' own accounts do; choose another account, or remove the field`,
    fieldPath: '.serviceAccountName',
  },
  {
    rule: '[has(self.app.wsgi), has(self.app.asgi), has(self.app.node), has(self.app.command)].filter(one, one).size() == 1',
    message: 'spec.app must have exactly one of wsgi, asgi, node and command; leave one of them',
    fieldPath: '.app',
  },
  {
    rule: '!has(self.app.notify) || has(self.app.command)',
    message: 'spec.app.notify is for command alone, as other kinds tell by themselves; remove it',
    fieldPath: '.app.notify',
  },
  {
    rule: '(!has(self.app.pythonPath) && !has(self.workers.preload)) || has(self.app.wsgi) || has(self.app.asgi)',
    message: 'spec.app.pythonPath and spec.workers.preload are for wsgi and asgi; remove them',
    fieldPath: '.app',
  },
  {
    rule: '!has(self.app.rootPath) || has(self.app.asgi)',
    message: 'spec.app.rootPath is for asgi; remove it, and with wsgi set the variable SCRIPT_NAME in spec.env',
    fieldPath: '.app.rootPath',
  },
  {
    rule: '!has(self.workers.preloadThreads) || has(self.workers.preload)',
    message: 'spec.workers.preloadThreads is for applications with spec.workers.preload; set that, or remove it',
    fieldPath: '.workers.preloadThreads',
  },
  {
    rule: '!has(self.workers.maxHeaderSize) || !has(self.app.command)',
    message: 'spec.workers.maxHeaderSize is for wsgi, asgi and node; remove it',
    fieldPath: '.workers.maxHeaderSize',
  },
  {
    rule: '!has(self.hooks) || !has(self.hooks.python) || has(self.app.wsgi) || has(self.app.asgi)',
    message: 'spec.hooks.python is for wsgi and asgi; use the hooks that are commands',
    fieldPath: '.hooks.python',
  },
  {
    rule: '!has(self.workers.class) || has(self.app.wsgi)',
    message: 'spec.workers.class is for wsgi, as other kinds have one event loop or a way of their own; remove it',
    fieldPath: '.workers.class',
  },
  {
    rule: "(has(self.workers.class) && self.workers.class in ['gthread', 'fast']) || self.workers.threads == 1",
    message: 'spec.workers.threads needs class gthread or fast; set spec.workers.class to one of them, or threads to 1',
    fieldPath: '.workers.threads',
  },
  {
    rule: "duration(self.workers.heartbeatTimeout) >= duration('3s')",
    message: 'spec.workers.heartbeatTimeout must be at least 3s, as idle workers beat about once a second; raise it',
    fieldPath: '.workers.heartbeatTimeout',
  },
  {
    rule: "duration(self.workers.bootTimeout) >= duration('1s')",
    message: 'spec.workers.bootTimeout must be at least 1s; raise it',
    fieldPath: '.workers.bootTimeout',
  },
  {
    rule: 'type(self.workers.count) == string || self.probes.readyWorkers <= int(self.workers.count)',
    message: 'spec.probes.readyWorkers must not exceed spec.workers.count, or no pod would ever be ready; lower it',
    fieldPath: '.probes.readyWorkers',
  },
  {
    rule: "duration(self.probes.interval) >= duration('1s')",
    message: 'spec.probes.interval must be at least 1s; raise it',
    fieldPath: '.probes.interval',
  },
  {
    rule: 'duration(self.drain.minimum) <= duration(self.drain.maximum)',
    message: 'spec.drain.maximum must not be less than spec.drain.minimum; raise maximum or lower minimum',
    fieldPath: '.drain.maximum',
  },
  {
    rule: `duration(self.drain.maximum) + duration(self.workers.gracefulTimeout) + duration(has(self.proxy) ? self.workers.gracefulTimeout : '0s') <= duration('${longestEnd}')`,
    message: `spec.drain.maximum and spec.workers.gracefulTimeout (twice with spec.proxy) must not exceed ${longestEnd} together, the longest that a pod may take to end; lower one of them`,
    fieldPath: '.drain.maximum',
  },
  {
    rule: '!has(self.autoscaling) || self.autoscaling.minReplicas <= self.autoscaling.maxReplicas',
    message: 'spec.autoscaling.maxReplicas must not be less than minReplicas; raise maxReplicas or lower minReplicas',
    fieldPath: '.autoscaling.maxReplicas',
  },
  {
    rule: '!has(self.autoscaling) || self.autoscaling.cpuUtilization > 0 || has(self.autoscaling.memoryUtilization) || (has(self.autoscaling.metrics) && self.autoscaling.metrics.size() > 0)',
    message:
      'spec.autoscaling without cpuUtilization must have memoryUtilization or metrics to scale by; set one of them',
    fieldPath: '.autoscaling.cpuUtilization',
  },
  {
    rule: '!has(self.disruption) || !has(self.disruption.maxUnavailable) || !has(self.disruption.minAvailable)',
    message: 'spec.disruption must not have both maxUnavailable and minAvailable; remove one of them',
    fieldPath: '.disruption',
  },
  {
    rule: "!(string(self.rollout.maxSurge) in ['0', '0%'] && string(self.rollout.maxUnavailable) in ['0', '0%'])",
    message: 'spec.rollout.maxSurge and maxUnavailable must not both be 0, or no pod could ever be replaced; raise one',
    fieldPath: '.rollout.maxSurge',
  },
  {
    rule: 'self.rollout.minReadySeconds < self.rollout.progressDeadlineSeconds',
    message: 'spec.rollout.progressDeadlineSeconds must be more than minReadySeconds; raise it',
    fieldPath: '.rollout.progressDeadlineSeconds',
  },
  {
    rule: `!has(self.initContainers) || self.initContainers.all(one, !(one.name in [${[...ownContainers].map((name) => `'${name}'`).join(', ')}]))`,
    message: `spec.initContainers must not be named ${[...ownContainers].join(', ')}, which are the operator's own; choose other names`,
    fieldPath: '.initContainers',
  },
  {
    rule: "!has(self.security.seccompProfile) || (self.security.seccompProfile.type == 'Localhost') == has(self.security.seccompProfile.localhostProfile)",
    message:
      'spec.security.seccompProfile must have localhostProfile with type Localhost, and only then; set or remove it',
    fieldPath: '.security.seccompProfile',
  },
  {
    rule: `!has(self.volumes) || self.volumes.all(one, !(one.name in [${[...ownVolumes].map((name) => `'${name}'`).join(', ')}]))`,
    message: `spec.volumes must not be named ${[...ownVolumes].join(', ')}, which are the operator's own; choose other names`,
    fieldPath: '.volumes',
  },
  {
    rule: "!has(self.volumeMounts) || self.volumeMounts.all(one, one.mountPath.matches('^/') && !one.mountPath.matches('^/(appserver|etc/appserver|run/appserver-proxy)(/|$)'))",
    message:
      'spec.volumeMounts must have absolute paths outside of /appserver, /etc/appserver and /run/appserver-proxy, which are mounted already; choose another mountPath',
    fieldPath: '.volumeMounts',
  },
  {
    rule: "!has(self.env) || self.env.all(one, !one.name.startsWith('APPSERVER_') && !(one.name in ['LISTEN_FDS', 'LISTEN_PID']))",
    message:
      'spec.env must not set APPSERVER_*, LISTEN_FDS or LISTEN_PID, which the runtime sets itself; choose other names',
    fieldPath: '.env',
  },
];
