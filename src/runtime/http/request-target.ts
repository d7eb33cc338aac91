// Targets of HTTP requests: those that we send, out of what people write, and those that strangers send to us.

/** What browsers leave out. */
const dropped = /[\t\n\r]/g;
const notInPath = /[^!$-;=@-\]_a-z|~]/gu;
const notInQuery = /[^!$-&(-;=?-~]/gu;

function encode(character: string): string {
  return character === "'" ? '%27' : encodeURIComponent(character.toWellFormed());
}

/**
 * Path and query as a browser sends them: what a request line cannot have is percent-encoded, what is encoded already stays.
 * @param path begins with /
 */
export function encodeTarget(path: string): string {
  const text = path.replace(dropped, '');
  const at = text.indexOf('?');
  const [before, query] = at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at)];
  return before.replace(notInPath, encode) + query.replace(notInQuery, encode);
}

export interface Target {
  /** As it was sent, beginning with a slash; nothing is decoded. */
  readonly path: string;
  /** The first value of each name, decoded. */
  readonly query: ReadonlyMap<string, string>;
}

/** What is no encoding stays as it is. */
function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

function parseQuery(text: string): Map<string, string> {
  const query = new Map<string, string>();
  for (const pair of text.split('&').filter(Boolean)) {
    const at = pair.indexOf('=');
    const [name, value] = at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    if (!query.has(decode(name))) query.set(decode(name), decode(value));
  }
  return query;
}

/** Of a request that somebody has sent: `/path?query`, with or without scheme and authority. Undefined for all else; never throws. */
export function parseTarget(target: string): Target | undefined {
  const [, origin = target] = /^https?:\/\/[^/?#]+(.*)$/is.exec(target) ?? [];
  const local = origin === '' || origin.startsWith('?') ? `/${origin}` : origin;
  if (!local.startsWith('/')) return undefined;
  const at = local.indexOf('?');
  const [path, query] = at === -1 ? [local, ''] : [local.slice(0, at), local.slice(at + 1)];
  return { path, query: parseQuery(query) };
}
