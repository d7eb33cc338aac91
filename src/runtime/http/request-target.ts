// Targets of HTTP requests: those that we send, out of what people write, and those that strangers send to us.

/**
 * Path and query as a browser sends them: what a request line cannot have is percent-encoded, what is encoded already stays.
 * @param path begins with /
 */
export function encodeTarget(path: string): string {
  const at = path.indexOf('?');
  const url = new URL('http://localhost');
  url.pathname = at === -1 ? path : path.slice(0, at);
  if (at !== -1) url.search = path.slice(at);
  return `${url.pathname}${url.search}`;
}

export interface Target {
  /** As it was sent, beginning with a slash; nothing is decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Of a request that somebody has sent: `/path?query`, with or without scheme and authority. Undefined for all else; never throws. */
export function parseTarget(target: string): Target | undefined {
  const [, origin = target] = /^https?:\/\/[^/?#]+(.*)$/is.exec(target) ?? [];
  const local = origin === '' || origin.startsWith('?') ? `/${origin}` : origin;
  if (!local.startsWith('/')) return undefined;
  const at = local.indexOf('?');
  const [path, query] = at === -1 ? [local, ''] : [local.slice(0, at), local.slice(at + 1)];
  return { path, query: new URLSearchParams(query) };
}
