// Where images are pushed to: the grammar of --push and --tag. Pure.
import { PushError } from './failure.ts';

export interface Destination {
  /** With port. */
  readonly host: string;
  /** Host and path, to which the name of an image is added. */
  readonly prefix: string;
  /** As Docker does: a registry on this machine may speak plain HTTP. */
  readonly loopback: boolean;
}

const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const hostPattern = new RegExp(String.raw`^(?:${label}(?:\.${label})*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$`);
const pathPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;

/** A first part without dot or port is a path at Docker's own registry, which nobody means by it here. */
const namesHost = (part: string): boolean => hostPattern.test(part) && (/[.:]/.test(part) || part === 'localhost');

function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  return name === 'localhost' || name === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

/** @throws PushError when `text` is not HOST[:PORT][/PATH] */
export function parseDestination(text: string): Destination {
  const invalid = (why: string): PushError => new PushError('DESTINATION_INVALID', `"${text}": ${why}`);
  if (text.includes('://')) throw invalid('the address of a registry has no scheme');
  const [host = '', ...path] = text.replace(/\/$/, '').split('/');
  if (!namesHost(host)) throw invalid(`"${host}" is no host: one has a dot or a port, or is localhost`);
  for (const part of path) {
    if (/[:@]/.test(part)) throw invalid('a path has no tag and no digest; give the tag with --tag');
    if (!pathPattern.test(part))
      throw invalid(`"${part}" is no part of a path: lower-case letters, digits and single separators`);
  }
  return { host, prefix: [host, ...path].join('/'), loopback: isLoopback(host) };
}

/** @throws PushError when no registry takes it as a tag */
export function parseTag(text: string): string {
  if (!tagPattern.test(text)) throw new PushError('TAG_INVALID', `"${text}" is no tag`);
  return text;
}
