// The images of this repository, built for the embedded cluster from the Dockerfiles that anybody would build.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  ensureImage,
  ensurePythonBase,
  ensureWheels,
  type BuiltImage,
  type ImageArchive,
} from '../e2e/cluster/images.ts';
import { withFileLock } from '../e2e/cluster/host-lock.ts';
import { cacheDir, repository } from '../e2e/cluster/layout.ts';
import { buildImages, operatorDir, runtimeDir } from './build.ts';

const inRepository = (...parts: readonly string[]): string => join(repository, ...parts);

export const imageNames = {
  runtime: 'localhost/appserver/runtime:dev',
  operator: 'localhost/appserver/operator:dev',
  flask: 'localhost/appserver/flask:1',
} as const;

/** Flags that make the Helm chart use these images. Default: those of this repository. */
export function chartImageFlags(images: { operator: string; runtime: string } = imageNames): string[] {
  return Object.entries({ image: images.operator, runtimeImage: images.runtime }).flatMap(([value, name]) => {
    const colon = name.lastIndexOf(':');
    return ['--set', `${value}.repository=${name.slice(0, colon)}`, '--set', `${value}.tag=${name.slice(colon + 1)}`];
  });
}

type ProductImages = readonly [runtime: ImageArchive, operator: ImageArchive];

/** The runtime, and the operator on top of it. */
export function ensureProductImages(): Promise<ProductImages> {
  mkdirSync(cacheDir, { recursive: true });
  // What they are built from is written anew each time, and must not be while another process reads it.
  return withFileLock(join(cacheDir, 'images.lock'), buildProductImages);
}

async function buildProductImages(): Promise<ProductImages> {
  await buildImages();
  const runtime = await ensureImage({
    name: imageNames.runtime,
    context: join(runtimeDir, '..'),
    dockerfile: inRepository('images/runtime/Dockerfile'),
  });
  const operator = await ensureImage({
    name: imageNames.operator,
    context: operatorDir,
    dockerfile: inRepository('images/operator/Dockerfile'),
    args: { RUNTIME: imageNames.runtime },
    dependsOn: runtime.inputs,
  });
  return [runtime, operator];
}

export async function ensureFlaskImage(): Promise<BuiltImage> {
  const context = inRepository('examples/flask');
  const base = await ensurePythonBase();
  return ensureImage({
    name: imageNames.flask,
    context,
    args: { BASE: base },
    mounts: await ensureWheels(join(context, 'requirements.txt')),
  });
}
