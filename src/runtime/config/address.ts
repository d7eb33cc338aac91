// Addresses and hosts as people write them.
import type { Endpoint } from '../host/host.ts';
import { byteLength } from '../text/utf8.ts';

const asciiWord = /^[\x21-\x7e]+$/;

const decimalByte = /^(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/;

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => decimalByte.test(part));
}

/** How many groups of 16 bits these are, separated by colons; undefined when one of them is none. */
function groups(text: string, last: boolean): number | undefined {
  if (text === '') return 0;
  const parts = text.split(':');
  const embedded = last && isIpv4(parts.at(-1) ?? '');
  const hex = embedded ? parts.slice(0, -1) : parts;
  return hex.every((part) => /^[0-9a-f]{1,4}$/i.test(part)) ? hex.length + (embedded ? 2 : 0) : undefined;
}

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  const [first = '', second] = halves;
  const before = groups(first, second === undefined);
  if (second === undefined) return before === 8;
  const after = groups(second, true);
  return halves.length === 2 && before !== undefined && after !== undefined && before + after < 8;
}

/** The kernel has room for so many bytes, a null byte included. */
const maxPathBytes = 108;

/**
 * Where one listens, of HOST:PORT, [HOST]:PORT, :PORT or unix:PATH. A host is an address of IPv4, or of IPv6 in brackets, and
 * no name, which could stand for several or for another one tomorrow; without one it is all that there are. Undefined for
 * what is none of these.
 */
export function parseAddress(text: string): Endpoint | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path.startsWith('/') && path.length > 1 && byteLength(path) < maxPathBytes ? { path } : undefined;
  }
  const [, bracketed, plain = '', digits = ''] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const known = bracketed === undefined ? host === '' || isIpv4(host) : isIpv6(host);
  return digits !== '' && Number(digits) <= 65_535 && known ? { host, port: Number(digits) } : undefined;
}

/** @param address one that has been checked */
export function endpoint(address: string): Endpoint {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(`${address} is no address`);
  return parsed;
}

/** The port of an address, or the path of a unix socket. */
export function portOf(address: string): string {
  const at = endpoint(address);
  return 'path' in at ? at.path : String(at.port);
}

/** Whether it is an address or a network, 10.0.0.0/8. */
export function isNetwork(text: string): boolean {
  const [, address = '', bits = '0'] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  return isIpv4(address) ? Number(bits) <= 32 : isIpv6(address) && Number(bits) <= 128;
}

/** A host as it stands in a header, non-ASCII names in Punycode; undefined for what is none. */
export function encodeHost(host: string): string | undefined {
  // oxlint-disable-next-line no-restricted-globals -- Punycode is beyond what is written by hand; a host without URL would have to bring it
  return asciiWord.test(host) ? host : URL.parse(`http://${host}`)?.host;
}
