import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installCommand } from '../../scripts/publish/install-command.ts';

const images = { operator: 'registry.example.com/team/operator', runtime: 'registry.example.com/team/runtime' };

test('the command names the repositories, and leaves the tag to the chart where it is the same', () => {
  assert.equal(
    installCommand({ ...images, tag: '0.3.0' }, '0.3.0'),
    String.raw`helm upgrade --install appserver-operator charts/appserver-operator \
  --namespace appserver-system --create-namespace \
  --set-string image.repository=registry.example.com/team/operator \
  --set-string runtimeImage.repository=registry.example.com/team/runtime`,
  );
});

test('another tag is set for both images, as a string', () => {
  assert.match(
    installCommand({ ...images, tag: '1.10' }, '0.3.0'),
    /--set-string image\.tag=1\.10 \\\n  --set-string runtimeImage\.tag=1\.10$/,
  );
});

test('docs/install.md shows the command as it is printed', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/install.md'), 'utf8');
  assert.ok(page.includes(installCommand({ ...images, tag: '0.3.0' }, '0.3.0')));
});
