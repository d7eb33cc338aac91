// The configuration of the nginx in front of the application.
import type { AppServer, ProxySpec } from '../../api/index.ts';
import { milliseconds, names } from '../../api/index.ts';
import type { Layout } from '../model/layout.ts';
import { wholeUnits } from '../model/quantity.ts';
import { runtimeHome } from './container.ts';

/** Where nginx and the runtime tell each other how far they are. */
export const proxyRunDir = '/run/appserver-proxy';
/** Where static files are, below the path of their requests. */
export const proxyFilesDir = '/srv/static';

/** A block of a server. */
const location = (match: string, body: readonly string[]): string[] => [
  `    location ${match} {`,
  ...body.map((line) => `      ${line}`),
  '    }',
];

const gzip = [
  '  gzip on;',
  '  gzip_proxied any;',
  '  gzip_vary on;',
  '  gzip_min_length 1024;',
  '  gzip_types text/plain text/css text/javascript text/xml application/javascript application/json application/xml image/svg+xml;',
];

const trust = (trusted: readonly string[]): string[] => [
  '  geo $trusted {',
  `    default ${trusted.includes('*') ? 1 : 0};`,
  ...trusted.filter((one) => one !== '*').map((one) => `    ${one} 1;`),
  '  }',
];

const forwardedFor = [
  '  map $trusted $forwarded_for {',
  '    1 $proxy_add_x_forwarded_for;',
  '    default $remote_addr;',
  '  }',
];

/** Before layout 4, whose maps follow. */
const forwardedProtoBefore = [
  '  map "$trusted $http_x_forwarded_proto" $forwarded_proto {',
  '    "1 https" https;',
  '    default $scheme;',
  '  }',
];

/**
 * The scheme as a trusted proxy has it, whichever of the headers it uses: gunicorn refuses requests of which two of these headers
 * say different things.
 */
const forwardedProto = [
  '  map "$trusted $http_x_forwarded_proto" $forwarded_proto {',
  '    "~*^1 (?<forwarded_scheme>https?)(?:[ ,]|$)" $forwarded_scheme;',
  '    "1 " $forwarded_proto_by_others;',
  '    default $scheme;',
  '  }',
  '  map "$http_x_forwarded_protocol $http_x_forwarded_ssl $http_front_end_https" $forwarded_proto_by_others {',
  '    "~*^(?:https|ssl) " https;',
  '    "~*^ on " https;',
  '    "~*^  on$" https;',
  '    default $scheme;',
  '  }',
];

/**
 * Headers beside `X-Forwarded-For` and `X-Forwarded-Proto` by which proxies tell applications where a request comes from and what it
 * asked for. Applications and their frameworks believe them, so they pass when a trusted proxy has sent them, and are removed
 * otherwise. The last four are those of Cloudflare, Fastly and Akamai.
 */
const forwardedHeaders = [
  'Forwarded',
  ...['By', 'Host', 'Method', 'Path', 'Port', 'Prefix', 'Protocol', 'Scheme', 'Server', 'Ssl', 'Uri'].map(
    (what) => `X-Forwarded-${what}`,
  ),
  ...['X-Real-IP', 'X-Client-IP', 'Client-IP', 'X-Cluster-Client-IP', 'X-Envoy-External-Address'],
  ...[
    'X-Original-Host',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Scheme',
    'X-URL-Scheme',
    'X-Script-Name',
    'Front-End-Https',
  ],
  ...['CF-Connecting-IP', 'CF-Visitor', 'Fastly-Client-IP', 'True-Client-IP'],
];

const asVariable = (header: string): string => header.toLowerCase().replaceAll('-', '_');

const passedHeaders = forwardedHeaders.flatMap((header) => [
  `  map $trusted $passed_${asVariable(header)} {`,
  `    1 $http_${asVariable(header)};`,
  "    default '';",
  '  }',
]);

/** Requests of nobody else may say where they come from. */
function forwarded(trusted: readonly string[], layout: Layout): string[] {
  if (layout < 4) return [...trust(trusted), ...forwardedFor, ...forwardedProtoBefore];
  return [...trust(trusted), ...forwardedFor, ...forwardedProto, ...passedHeaders];
}

/** What a connection may become. Of another protocol, HTTP/2 for one, nginx would see neither limits nor headers. */
const upgrades = (layout: Layout): string[] =>
  layout < 4
    ? ['  map $http_upgrade $upstream_connection {', "    '' close;", '    default upgrade;', '  }']
    : [
        '  map $http_upgrade $upstream_upgrade {',
        '    ~*^websocket$ websocket;',
        "    default '';",
        '  }',
        '  map $upstream_upgrade $upstream_connection {',
        "    '' close;",
        '    default upgrade;',
        '  }',
      ];

function application(app: AppServer, readTimeout: string, layout: Layout): string[] {
  return [
    `proxy_pass http://127.0.0.1:${app.spec.port};`,
    'proxy_http_version 1.1;',
    'proxy_set_header Host $http_host;',
    'proxy_set_header Connection $upstream_connection;',
    `proxy_set_header Upgrade ${layout < 4 ? '$http_upgrade' : '$upstream_upgrade'};`,
    'proxy_set_header X-Forwarded-For $forwarded_for;',
    'proxy_set_header X-Forwarded-Proto $forwarded_proto;',
    ...(layout < 4 ? [] : forwardedHeaders.map((one) => `proxy_set_header ${one} $passed_${asVariable(one)};`)),
    `proxy_read_timeout ${milliseconds(readTimeout)}ms;`,
  ];
}

function staticFiles({ static: files = [] }: ProxySpec): string[] {
  return files.flatMap(({ path, maxAge }) =>
    location(path, [
      `root ${proxyFilesDir};`,
      `expires ${Math.round(milliseconds(maxAge) / 1000)}s;`,
      'try_files $uri =404;',
    ]),
  );
}

/**
 * Connections are closed with an answer while the pod ends, which nginx can do for a location only: so requests move to
 * others then.
 */
function draining(app: AppServer, { static: files = [], readTimeout }: ProxySpec, layout: Layout): string[] {
  const leave = 'keepalive_timeout 0;';
  const asUsual = [leave, ...application(app, readTimeout, layout)];
  if (files.length === 0) return location('@draining', asUsual);
  return [
    ...location('@draining', [leave, `root ${proxyFilesDir};`, 'try_files $uri @draining_application;']),
    ...location('@draining_application', asUsual),
  ];
}

function main(app: AppServer, proxy: ProxySpec, layout: Layout): string[] {
  const { keepAlive, maxHeaderSize } = app.spec.workers;
  return [
    '  include /etc/nginx/mime.types;',
    '  default_type application/octet-stream;',
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path /tmp/${kind};`),
    '  access_log off;',
    '  server_tokens off;',
    '  sendfile on;',
    '  tcp_nopush on;',
    `  keepalive_timeout ${milliseconds(keepAlive)}ms;`,
    `  client_max_body_size ${wholeUnits(proxy.maxBodySize) ?? 0};`,
    // Four is what nginx has, 8k each.
    ...(maxHeaderSize === undefined ? [] : [`  large_client_header_buffers 4 ${wholeUnits(maxHeaderSize) ?? '8k'};`]),
    ...upgrades(layout),
  ];
}

/** Of the servers of nginx, as `listen` has them behind the address. */
function listens(app: AppServer, proxy: ProxySpec): { readonly traffic: string; readonly admin: string } {
  return { traffic: `${proxy.port} backlog=${app.spec.workers.backlog}`, admin: String(names.proxyAdminPort) };
}

/**
 * What the init container is to write `listen` of, where the pod has an address of IPv6: nginx would not start where it is
 * to listen for a family that the kernel does not have.
 */
export function nginxListens(app: AppServer): string[] {
  const { proxy } = app.spec;
  return proxy === undefined ? [] : Object.entries(listens(app, proxy)).map(([name, listen]) => `${name}=${listen}`);
}

/** A server listens for IPv4, and for IPv6 where there is such a file. */
const listen = (name: string, what: string, layout: Layout): string[] => [
  `    listen ${what};`,
  ...(layout < 3 ? [] : [`    include ${runtimeHome}/nginx/${name}*.conf;`]),
];

function server(app: AppServer, proxy: ProxySpec, layout: Layout): string[] {
  return [
    '  server {',
    ...listen('traffic', listens(app, proxy).traffic, layout),
    '    error_page 418 = @draining;',
    `    if (-f ${proxyRunDir}/draining) {`,
    '      return 418;',
    '    }',
    ...location('/', application(app, proxy.readTimeout, layout)),
    ...staticFiles(proxy),
    ...draining(app, proxy, layout),
    '  }',
  ];
}

/** What only probes and the end of the pod ask. */
const adminServer = (app: AppServer, proxy: ProxySpec, layout: Layout): string[] => [
  '  server {',
  ...listen('admin', listens(app, proxy).admin, layout),
  ...location('= /livez', ['return 200 "ok";']),
  ...location('= /readyz', [`proxy_pass http://127.0.0.1:${names.adminPort}/readyz;`]),
  ...location('= /status', ['allow 127.0.0.1;', 'deny all;', 'stub_status;']),
  ...location('/', ['return 404;']),
  '  }',
];

export function nginxConf(app: AppServer, proxy: ProxySpec, layout: Layout): string {
  return [
    'worker_processes 1;',
    `pid ${proxyRunDir}/nginx.pid;`,
    'error_log stderr warn;',
    'events {',
    '  worker_connections 8192;',
    '}',
    'http {',
    ...main(app, proxy, layout),
    ...(proxy.gzip ? gzip : []),
    ...forwarded(app.spec.trustedProxies ?? [], layout),
    ...server(app, proxy, layout),
    ...adminServer(app, proxy, layout),
    '}',
    '',
  ].join('\n');
}
