import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../../src/runtime/config/parse.ts';
import type { FileStat } from '../../../src/runtime/host/host.ts';
import { shortened, sourceRoots } from '../../../src/runtime/sources/source-roots.ts';

/** The current directory is /work; there is no /missing, and /lib.zip is a file. */
function stat(path: string): FileStat | undefined {
  if (path.startsWith('/missing')) return undefined;
  const kind = path === '/lib.zip' ? 'file' : 'directory';
  return { kind, uid: 0, mode: 0o755, version: path === '.' ? '/work' : path };
}

const roots: Record<string, { readonly app: object; readonly watched: readonly string[] }> = {
  'the current directory': { app: { wsgi: 'app:app' }, watched: ['.'] },
  'the working directory': { app: { asgi: 'app:app', workingDir: '/srv/shop/' }, watched: ['/srv/shop'] },
  'the root directory': { app: { asgi: 'app:app', workingDir: '/' }, watched: ['/'] },
  'where modules are looked for, unless that is below': {
    app: { wsgi: 'app:app', workingDir: '/srv', pythonPath: ['src', '/srv/lib', '/lib', '../common', '/lib/'] },
    watched: ['/srv', '/lib', '/srv/../common'],
  },
  'no directory that is not there': {
    app: { wsgi: 'app:app', pythonPath: ['/missing', '/lib.zip'] },
    watched: ['.'],
  },
  'the directory of a file for Node': { app: { node: '/srv/server.js' }, watched: ['.', '/srv'] },
  'nothing twice for a file for Node in the current directory': { app: { node: '/work/server.js' }, watched: ['.'] },
  'nothing twice for a file for Node below it': { app: { node: 'dist/server.js' }, watched: ['.'] },
  'nothing more for a file for Node in the working directory': {
    app: { node: 'server.js', workingDir: '/srv' },
    watched: ['/srv'],
  },
  'the working directory of any other program': { app: { command: '/usr/bin/serve' }, watched: ['.'] },
};

describe('watches', () => {
  for (const [name, { app, watched }] of Object.entries(roots)) {
    test(name, () => assert.deepEqual(sourceRoots(parseConfig('runtime.yaml', { app }).fixed.app, stat), watched));
  }
});

const names: Record<string, readonly string[]> = {
  'app.py': ['./app.py'],
  'app.py, /lib/module.py': ['./app.py', '/lib/module.py'],
  '1.py, 2.py, 3.py, 4.py, 5.py': ['./1.py', './2.py', './3.py', './4.py', './5.py'],
  '1.py, 2.py, 3.py, 4.py, 5.py and 2 more': ['1.py', '2.py', '3.py', '4.py', '5.py', '6.py', '7.py'],
};
for (const [text, paths] of Object.entries(names)) test(`says ${text}`, () => assert.equal(shortened(paths), text));
