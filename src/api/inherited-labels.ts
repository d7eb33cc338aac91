// Which labels of an AppServer its children inherit: those that say what it is. Not inherited are the operator's own, and those
// by which a tool finds what it has applied: on a child they would say that the tool has applied that too.
import { ownLabels, ownPrefix } from './names.ts';

/** Of the recommended labels, those that say something of a part of an application as of the whole. */
const recommended = new Set(['component', 'part-of', 'version'].map((name) => `app.kubernetes.io/${name}`));

/** Domains of tools that track objects by labels; what is below a domain counts as well. */
const domainsOfTools = [
  'argoproj.io',
  'cattle.io',
  'config.kubernetes.io',
  'coreos.com',
  'fluxcd.io',
  'helm.sh',
  'k14s.io',
  'k8s.io',
  'kubernetes.io',
  'pulumi.com',
  'skaffold.dev',
  'velero.io',
];

function isInherited(key: string): boolean {
  if (recommended.has(key)) return true;
  if (ownLabels.includes(key) || key.startsWith(ownPrefix)) return false;
  const [domain = ''] = key.includes('/') ? key.split('/') : [];
  return !domainsOfTools.some((tool) => domain === tool || domain.endsWith(`.${tool}`));
}

/** Those of an AppServer's labels that its children have, in the order of their keys. */
export function inheritedLabels(labels: Readonly<Record<string, string>> = {}): Record<string, string> {
  const keys = Object.keys(labels).filter(isInherited).toSorted();
  return Object.fromEntries(keys.map((key) => [key, labels[key] ?? '']));
}
