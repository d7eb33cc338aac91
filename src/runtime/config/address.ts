// Addresses and hosts as people write them.
import type { Endpoint } from '../host/host.ts';

const asciiWord = /^[\x21-\x7e]+$/;

/** Host, without brackets, and port of HOST:PORT or [HOST]:PORT. */
function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) };
}

/** Where an address, HOST:PORT, [HOST]:PORT or unix:PATH, is listened on. */
export function endpoint(address: string): Endpoint {
  return address.startsWith('unix:') ? { path: address.slice('unix:'.length) } : hostAndPort(address);
}

/** The port of an address, or the path of a unix socket. */
export function portOf(address: string): string {
  return address.startsWith('unix:') ? address.slice('unix:'.length) : address.slice(address.lastIndexOf(':') + 1);
}

/** A host as it stands in a header, non-ASCII names in Punycode; undefined for what is none. */
export function encodeHost(host: string): string | undefined {
  // oxlint-disable-next-line no-restricted-globals -- Punycode is beyond what is written by hand; a host without URL would have to bring it
  return asciiWord.test(host) ? host : URL.parse(`http://${host}`)?.host;
}
