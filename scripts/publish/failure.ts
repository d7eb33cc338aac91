// What can be wrong with pushing images, in one sentence each: what happened, and what to do about it.

/** By code. `<registry>` in a remedy is the host that was named. */
export const remedies = {
  DESTINATION_INVALID: 'Give --push HOST[:PORT][/PATH], for example registry.example.com/team.',
  TAG_INVALID: 'A tag has up to 128 letters, digits, "_", "." and "-", and begins with a letter, a digit or "_".',
  REGISTRY_UNREACHABLE:
    'Check the name and port, and that this machine can connect to it (proxies: HTTPS_PROXY and NO_PROXY).',
  REGISTRY_PLAIN_HTTP: 'It does not speak TLS. Give --plain-http if that is right for this registry.',
  REGISTRY_UNTRUSTED:
    "Put the certificate of its authority into /etc/docker/certs.d/<registry>/ca.crt or into the machine's trust store.",
  REGISTRY_UNAUTHORIZED:
    'Log in with `docker login <registry>` or `skopeo login <registry>`, or check the credentials in ~/.docker/config.json; the account needs the right to push.',
  REGISTRY_DENIED:
    'The account may not push there. Check the path, create the repositories if the registry needs that, or ask for the right.',
  NOT_A_REGISTRY: 'Something else answers there. Check host, port and path.',
  PUSH_FAILED:
    'The registry or the connection failed. Run the command again; what has been uploaded is not sent again.',
} as const;

export type PushErrorCode = keyof typeof remedies;

/** An error that ends `npm run images`: code, cause and remedy. */
export class PushError extends Error {
  readonly code: PushErrorCode;
  constructor(code: PushErrorCode, cause: string, host = 'the registry', options?: ErrorOptions) {
    super(`${code}: ${cause.replace(/\.$/, '')}. ${remedies[code].replaceAll('<registry>', host)}`, options);
    this.name = 'PushError';
    this.code = code;
  }
}

/** The first that matches counts: a refused login is also a failed blob upload. */
const signs: readonly (readonly [PushErrorCode, RegExp])[] = [
  ['REGISTRY_PLAIN_HTTP', /server gave HTTP response to HTTPS client/],
  ['REGISTRY_UNTRUSTED', /x509: |certificate signed by unknown authority|tls: failed to verify/],
  [
    'REGISTRY_UNREACHABLE',
    /dial tcp|no such host|connection refused|i\/o timeout|no route to host|network is unreachable|TLS handshake timeout|context deadline exceeded/,
  ],
  ['REGISTRY_DENIED', /\bdenied\b|\b403\b/],
  ['REGISTRY_UNAUTHORIZED', /unauthorized|authentication required|invalid username\/password|\b401\b/],
  ['NOT_A_REGISTRY', /invalid status code from registry 404|invalid character '<'|unsupported manifest/i],
];

/** Go's notation of a string, as far as messages have it. */
const unquote = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));

/** The words of skopeo itself, out of its log line, as one line. */
function message(stderr: string): string {
  const [, quoted] = /level=fatal msg="((?:[^"\\]|\\.)*)"/.exec(stderr) ?? [];
  return (
    (quoted === undefined ? stderr : unquote(quoted))
      .trim()
      // What it did with which blob says nothing about the cause.
      .replace(/^trying to reuse blob \S+ at destination: /, '')
      .replaceAll(/\bsha256:[0-9a-f]{64}/g, 'a layer')
      .replaceAll('errors:\n', '')
      .replaceAll(/\s*\n\s*/g, '; ')
  );
}

/** What skopeo's stderr means. Pure. */
export function pushFailure(host: string, stderr: string, cause?: unknown): PushError {
  const said = message(stderr);
  const [code] = signs.find(([, sign]) => sign.test(said)) ?? ['PUSH_FAILED' as const];
  return new PushError(code, `${host}: ${said}`, host, { cause });
}
