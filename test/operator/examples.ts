// Specs that together use every part of a pod template.

export const examples: Readonly<Record<string, object>> = {
  least: {},
  'ASGI, autoscaled, with hooks': {
    app: { asgi: 'shop.asgi:app', pythonPath: ['src'], workingDir: '/srv' },
    resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '512Mi' } },
    autoscaling: { minReplicas: 2, maxReplicas: 9, cpuUtilization: 60 },
    hooks: { beforeStart: { command: ['python', 'manage.py', 'check'] }, python: 'shop.hooks' },
    drain: { minimum: '10s', maximum: '30s' },
  },
  'Node, with volumes and variables': {
    app: { node: 'server.js' },
    port: 3_000,
    env: [{ name: 'MODE', value: 'production' }],
    envFrom: [{ secretRef: { name: 'shop' } }],
    volumes: [{ name: 'data', emptyDir: {} }],
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
    security: { runAsUser: 10_001, runAsGroup: 10_001, readOnlyRootFilesystem: true },
  },
  'a command, with an account and pull secrets, spread strictly': {
    app: { command: '/srv/shop', args: ['--fast'], notify: true },
    serviceAccountName: 'shop',
    imagePullPolicy: 'Always',
    imagePullSecrets: [{ name: 'registry' }],
    topology: { zones: 'DoNotSchedule', nodes: 'None' },
    rollout: { maxSurge: '50%', maxUnavailable: 1, minReadySeconds: 5 },
  },
  'behind an nginx with static files': {
    proxy: { static: [{ path: '/static/', from: '/app/static' }], maxBodySize: '100Mi' },
    trustedProxies: ['10.0.0.0/8'],
  },
  'WSGI, preloaded threads': {
    workers: { class: 'gthread', threads: 8, preload: true, count: 'auto', backlog: 512, keepAlive: '30s' },
    trustedProxies: ['10.0.0.0/8'],
  },
};
