// By which proxy an API server is reached, by the rules of Go's net/http, which are kubectl's: `proxy-url` of the kubeconfig, or
// else HTTPS_PROXY, HTTP_PROXY and NO_PROXY, upper case before lower case.
import { BlockList, isIP } from 'node:net';

export type Environment = Readonly<Record<string, string | undefined>>;

function variable(env: Environment, name: string): string | undefined {
  return [env[name], env[name.toLowerCase()]].find((value) => value !== undefined && value !== '');
}

/** @throws Error when it is no proxy that is understood */
function parse(text: string): URL {
  // Without a scheme it is an HTTP proxy.
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null) throw new Error(`the proxy ${text} is not a URL`);
  if (url.protocol === 'socks5h:') url.protocol = 'socks5:';
  if (!['http:', 'https:', 'socks5:'].includes(url.protocol)) {
    throw new Error(`the proxy ${url.host} has scheme ${url.protocol} and must have http, https or socks5`);
  }
  return url;
}

const family = (ip: string): 'ipv4' | 'ipv6' => (isIP(ip) === 6 ? 'ipv6' : 'ipv4');

function inNetwork(ip: string, network: string, prefix: string): boolean {
  const bits = Number(prefix);
  if (isIP(network) !== isIP(ip) || prefix === '' || !(bits >= 0 && bits <= (isIP(ip) === 6 ? 128 : 32))) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family(network));
  return list.check(ip, family(ip));
}

function sameAddress(ip: string, other: string): boolean {
  return isIP(other) !== 0 && inNetwork(ip, other, isIP(other) === 6 ? '128' : '32');
}

/** An entry's host and port; the port is empty where there is none. Colons of an address without brackets are its own. */
function split(entry: string): { host: string; port: string } {
  const [, bracketed, port = ''] = /^\[([^\]]*)\](?::([0-9]+))?$/.exec(entry) ?? [];
  if (bracketed !== undefined) return { host: bracketed, port };
  const [, name, after] = /^([^:]*):([0-9]+)$/.exec(entry) ?? [];
  return name === undefined || after === undefined ? { host: entry, port: '' } : { host: name, port: after };
}

/** Whether an entry of NO_PROXY names the host. */
function excludes(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const [network, prefix] = entry.split('/');
  if (prefix !== undefined) return isIP(host) !== 0 && inNetwork(host, network ?? '', prefix);
  const named = split(entry);
  if (named.host === '' || (named.port !== '' && named.port !== port)) return false;
  if (isIP(host) !== 0) return sameAddress(host, named.host);
  // `*.example.com` and `.example.com` are what is below it, `example.com` is itself besides.
  const name = named.host.replace(/^\*\./, '.').replace(/\.$/, '');
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** The host of a URL without brackets, in lower case. */
function hostOf({ hostname }: URL): string {
  return hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
}

/**
 * The proxy for requests to this server, undefined for none.
 * @param chosen by the kubeconfig: used in any case
 * @throws Error when the proxy is not understood
 */
export function proxyFor(server: URL, chosen: string | undefined, env: Environment): URL | undefined {
  if (chosen !== undefined && chosen !== '') return parse(chosen);
  const proxy = variable(env, server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (proxy === undefined) return undefined;
  const host = hostOf(server);
  if (host === 'localhost' || (isIP(host) !== 0 && loopback.check(host, family(host)))) return undefined;
  const port = server.port === '' ? (server.protocol === 'https:' ? '443' : '80') : server.port;
  const entries = (variable(env, 'NO_PROXY') ?? '').toLowerCase().split(',');
  return entries.some((entry) => excludes(entry.trim(), host, port)) ? undefined : parse(proxy);
}
