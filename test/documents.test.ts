// What the pages show and point to is there.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { repository } from '../e2e/cluster/layout.ts';
import { documented, manifests, objectsOf } from '../e2e/gitops/manifests.ts';
import { specSchema } from '../src/api/appserver.ts';
import { customResourceDefinition } from '../src/api/crd.ts';

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const pages = globSync(['*.md', '{docs,e2e,examples,charts,gitops,bench}/**/*.md', '.github/*.md'], { cwd: repository })
  .filter((path) => !path.includes('node_modules'))
  .toSorted();

/** Names of headings, as GitHub makes them for links. */
function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .replaceAll(/[`*]|\[|\]\([^)]*\)/g, '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe('links', () => {
  for (const page of pages) {
    test(`of ${page} lead somewhere`, () => {
      const prose = read(page).replaceAll(/^```[\s\S]*?^```$|`[^`\n]*`/gm, '');
      const broken = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => {
          const [file = '', anchor] = target.split('#');
          const path = file === '' ? page : join(dirname(page), file);
          if (!existsSync(join(repository, path))) return true;
          return anchor !== undefined && path.endsWith('.md') && !anchors(read(path)).has(anchor);
        });
      assert.deepEqual(broken, []);
    });
  }
});

describe('commands', () => {
  const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')));
  for (const page of pages.filter((path) => path !== 'CHANGELOG.md')) {
    test(`of ${page} are npm scripts that there are`, () => {
      const named = [...read(page).matchAll(/\bnpm (?:run (?:-s |--silent )?)([a-z:]+)/g)].map(([, name = '']) => name);
      assert.deepEqual(
        named.filter((name) => scripts[name] === undefined),
        [],
      );
    });
  }
});

test('the output that README.md shows has the columns that kubectl prints, and a value in each', () => {
  const [, header = '', row = ''] = /^\$ kubectl get appservers\n(.*)\n(.*)$/m.exec(read('README.md')) ?? [];
  const version = z
    .object({
      spec: z.object({
        versions: z.tuple([
          z.object({
            additionalPrinterColumns: z.array(z.object({ name: z.string(), priority: z.number().optional() })),
          }),
        ]),
      }),
    })
    .parse(customResourceDefinition('0.0.0')).spec.versions[0];
  const columns = version.additionalPrinterColumns.filter(({ priority = 0 }) => priority === 0);
  assert.deepEqual(header.trim().split(/\s{2,}/), ['NAME', ...columns.map(({ name }) => name.toUpperCase())]);
  assert.equal(row.trim().split(/\s{2,}/).length, columns.length + 1);
});

test('the Dockerfiles that docs/install.md shows are those of the examples', () => {
  const shown = [...read('docs/install.md').matchAll(/^```dockerfile\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
  const ofExamples = ['flask', 'django'].map((name) => {
    const text = read(`examples/${name}/Dockerfile`);
    const [, base = ''] = /^ARG BASE=(.*)$/m.exec(text) ?? [];
    return text.replaceAll(/^(#|ARG ).*\n/gm, '').replace('${BASE}', base);
  });
  assert.deepEqual(shown, ofExamples);
});

// The API server judges them as well, in e2e/gitops, with the rules that a schema cannot express.
describe('AppServers', () => {
  const shown = [
    ...documented.map(({ where, spec }) => ({ where, spec })),
    ...manifests.flatMap((path) =>
      objectsOf(path).flatMap((one) => (one.kind === 'AppServer' ? [{ where: path, spec: one['spec'] }] : [])),
    ),
  ];
  test('are found', () => assert.ok(shown.length > 20, String(shown.length)));

  for (const { where, spec } of shown) {
    test(`of ${where} have only fields that there are, with values that they take`, () => {
      // The schema drops what it does not know.
      assert.partialDeepStrictEqual(specSchema.parse(spec), spec);
    });
  }
});
