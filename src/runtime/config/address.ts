// Addresses and hosts as people write them.

const asciiWord = /^[\x21-\x7e]+$/;

/** Host, without brackets, and port of HOST:PORT or [HOST]:PORT. */
export function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) };
}

/** The port of an address, or the path of a unix socket. */
export function portOf(address: string): string {
  return address.startsWith('unix:') ? address.slice('unix:'.length) : address.slice(address.lastIndexOf(':') + 1);
}

/** Whether it is an address or a network, 10.0.0.0/8. */
export function isNetwork(text: string): boolean {
  const [, address = '', bits = '0'] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address))
    return address.split('.').every((byte) => Number(byte) <= 255) && Number(bits) <= 32;
  return /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(address) && URL.canParse(`http://[${address}]`) && Number(bits) <= 128;
}

/** A host as it stands in a header, non-ASCII names in Punycode; undefined for what is none. */
export function encodeHost(host: string): string | undefined {
  return asciiWord.test(host) ? host : URL.parse(`http://${host}`)?.host;
}
