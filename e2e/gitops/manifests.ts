// Every AppServer that the repository shows: the manifests of the examples, and the YAML blocks of the documentation.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { isKubeObject, type KubeObject } from '../../src/kube/index.ts';
import { repository } from '../cluster/layout.ts';

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const files = (...patterns: readonly string[]): string[] => globSync(patterns, { cwd: repository }).toSorted();

const isAppServer = ({ kind }: KubeObject): boolean => kind === 'AppServer';

/** Files to copy, each with one AppServer and what it uses. */
export const manifests: readonly string[] = files('examples/**/*.yaml').filter((path) =>
  loadAll(read(path)).some((one) => isKubeObject(one) && isAppServer(one)),
);

/** AppServers of a file; what stands beside them is ready to be applied as it is. */
export function objectsOf(path: string): KubeObject[] {
  return loadAll(read(path)).filter(isKubeObject);
}

export interface Documented {
  /** `docs/guide.md, block 2` */
  readonly where: string;
  readonly spec: object;
}

interface Fragment {
  readonly kind?: string;
  readonly spec?: object;
}

/** What the block leaves out is nothing that it is about. */
const complete = (spec: object): object => ({ image: 'shop:1', app: { wsgi: 'shop:app' }, ...spec });

/** A block that shows a whole AppServer, or nothing but its `spec`. */
function documentedIn(path: string): Documented[] {
  const blocks = [...read(path).matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.flatMap((block, i) =>
    (loadAll(block) as Fragment[]).flatMap(({ kind, spec, ...rest }) => {
      const ofAppServer = kind === 'AppServer' || (kind === undefined && Object.keys(rest).length === 0);
      return ofAppServer && spec !== undefined ? [{ where: `${path}, block ${i + 1}`, spec: complete(spec) }] : [];
    }),
  );
}

export const documented: readonly Documented[] = files(
  '*.md',
  'docs/**/*.md',
  'examples/**/*.md',
  'charts/**/*.md',
).flatMap(documentedIn);
