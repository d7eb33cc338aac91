// Whose X-Forwarded-For tells the client's address; ../python/appserver_worker/trusted.py does the same.
import { BlockList, isIP } from 'node:net';

/** Addresses of IPv4 as sockets of both families have them. */
function plainAddress(text: string): string {
  return text.startsWith('::ffff:') && text.includes('.') ? text.slice('::ffff:'.length) : text;
}

/** Without the port that some proxies append: 192.0.2.1:80, [2001:db8::1]:80. */
function hostOf(text: string): string {
  if (text.startsWith('[')) return text.slice(1).split(']')[0] ?? '';
  const parts = text.split(':');
  return parts.length === 2 ? (parts[0] ?? '') : text;
}

export class TrustedProxies {
  readonly #all: boolean;
  readonly #some: boolean;
  readonly #networks = new BlockList();

  /** @param texts addresses and networks, * for all; the configuration holds nothing else */
  constructor(texts: readonly string[]) {
    this.#all = texts.includes('*');
    this.#some = texts.length > 0;
    for (const text of texts) {
      const [address = '', prefix] = text.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (isIP(address) === 0) continue;
      if (prefix === undefined) this.#networks.addAddress(address, family);
      else this.#networks.addSubnet(address, Number(prefix), family);
    }
  }

  /**
   * Whose request it is.
   * @param peer the address that it came from; undefined for a unix socket
   * @param forwarded X-Forwarded-For
   */
  client(peer: string | undefined, forwarded: string | readonly string[] | undefined): string {
    const from = plainAddress(peer ?? '');
    if (!this.#some || forwarded === undefined || forwarded.length === 0) return from;
    if (peer !== undefined && !this.#has(from)) return from;
    const text = typeof forwarded === 'string' ? forwarded : forwarded.join(',');
    // Each proxy appends the address that it was asked from.
    const hosts = text.split(',').map((one) => hostOf(one.trim()));
    const [first = ''] = hosts;
    return this.#all ? first : (hosts.findLast((host) => !this.#has(host)) ?? first);
  }

  #has(text: string): boolean {
    const address = plainAddress(text);
    const family = isIP(address);
    return this.#all || (family !== 0 && this.#networks.check(address, family === 6 ? 'ipv6' : 'ipv4'));
  }
}
