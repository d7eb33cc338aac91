// Gives tokens for a registry, as the servers of large registries do: to an account, for what it may do.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { account } from './registry.ts';

const service = 'registry-of-the-tests';

interface TokenServer extends AsyncDisposable {
  /** What the registry has to know of it. */
  readonly access: { readonly realm: string; readonly service: string; readonly jwks: string };
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** @param allowed whether the account may pull from a repository and push to it */
export async function startTokenServer(allowed: (repository: string) => boolean): Promise<TokenServer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const header = encode({ alg: 'ES256', typ: 'JWT', kid: service });
  const token = (scopes: readonly string[]): string => {
    const access = scopes.flatMap((scope) => {
      const [type = '', name = '', actions = ''] = scope.split(':');
      return allowed(name) ? [{ type, name, actions: actions.split(',') }] : [];
    });
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, nbf: now - 10, exp: now + 300 };
    const claims = encode({ iss: service, sub: account.user, aud: service, jti: randomUUID(), ...times, access });
    const signature = sign('sha256', Buffer.from(`${header}.${claims}`), {
      key: privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    return `${header}.${claims}.${signature.toString('base64url')}`;
  };
  const expected = `Basic ${Buffer.from(`${account.user}:${account.password}`).toString('base64')}`;
  const server = createServer((request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.headers.authorization !== expected) return answer(401, { details: 'incorrect username or password' });
    const scopes = new URL(request.url ?? '', 'http://localhost').searchParams.getAll('scope');
    return answer(200, { token: token(scopes), expires_in: 300 });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const jwks = JSON.stringify({
    keys: [{ ...publicKey.export({ format: 'jwk' }), kid: service, use: 'sig', alg: 'ES256' }],
  });
  return {
    access: { realm: `http://127.0.0.1:${port}/token`, service, jwks },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
