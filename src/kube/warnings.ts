// Warnings of the API server: an answer can be a success, and say of what was written that it will not work for long.
// https://kubernetes.io/blog/2020/09/03/warnings/

/** RFC 7234: `299 - "text"`, perhaps with a date behind it, and several of them in one header. */
const warning = /\b299 \S+ "((?:[^"\\]|\\.)*)"/g;

/** @param header as it came; one of several is a list */
export function warningsIn(header: string | readonly string[] | undefined): string[] {
  const headers = header === undefined ? [] : typeof header === 'string' ? [header] : header;
  return headers.flatMap((one) => [...one.matchAll(warning)].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1')));
}
