// A kubeconfig by client-node, and what that does not know of it: `tokenFile`, which it looks for under another name.
import { KubeConfig } from '@kubernetes/client-node';
import { load } from 'js-yaml';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { serverOf } from './credentials.ts';

/** In a pod, unless it is to have none. */
const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export interface KubeConfigChoice {
  /** Default: the files of KUBECONFIG, ~/.kube/config, or the service account of the pod. */
  readonly file?: string | undefined;
  /** Default: the file's current one. */
  readonly context?: string | undefined;
}

const users = z.looseObject({
  users: z
    .array(z.looseObject({ name: z.string(), user: z.looseObject({ tokenFile: z.string().optional() }).nullish() }))
    .nullish(),
});

function files(chosen: string | undefined): string[] {
  if (chosen !== undefined) return [chosen];
  const { KUBECONFIG } = process.env;
  const named =
    KUBECONFIG === undefined || KUBECONFIG === '' ? [join(homedir(), '.kube/config')] : KUBECONFIG.split(delimiter);
  return named.filter((file) => file !== '' && existsSync(file));
}

/** Files with tokens, by the name of the user. A token in the kubeconfig itself does not count beside one, as for kubectl. */
function tokenFiles(of: readonly string[]): Map<string, string> {
  return new Map(
    of.flatMap((file) => {
      const { users: all } = users.parse(load(readFileSync(file, 'utf8')) ?? {});
      return (all ?? []).flatMap(({ name, user }): [string, string][] =>
        user?.tokenFile === undefined ? [] : [[name, resolve(dirname(file), user.tokenFile)]],
      );
    }),
  );
}

/** @throws Error that tells what is wrong with it */
export function loadKubeConfig({ file, context }: KubeConfigChoice): KubeConfig {
  if (file !== undefined && !existsSync(file)) throw new Error(`there is no file ${file}`);
  const config = new KubeConfig();
  if (file === undefined) config.loadFromDefault();
  else config.loadFromFile(file);
  const read = files(file);
  // client-node goes on to localhost:8080 then, where nobody was asked to look, and where another server may answer.
  if (read.length === 0 && !existsSync(serviceAccountToken)) {
    throw new Error('KUBECONFIG names no file, there is no ~/.kube/config, and this is no pod with a service account');
  }
  const byUser = tokenFiles(read);
  // Read anew each minute: such tokens are replaced before they expire.
  config.users = config.users.map((user) => {
    const tokenFile = byUser.get(user.name);
    return tokenFile === undefined ? user : { ...user, authProvider: { name: 'tokenFile', config: { tokenFile } } };
  });
  if (context !== undefined) config.setCurrentContext(context);
  if (config.getCurrentCluster() === null) {
    throw new Error(`there is no cluster for context ${config.getCurrentContext()}`);
  }
  serverOf(config);
  return config;
}
