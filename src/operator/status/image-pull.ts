// Why an image cannot be pulled, by the words of container runtimes and registries, and what helps.
// containerd: core/remotes/docker/resolver.go, authorizer.go, core/images/handlers.go. CRI-O and Podman: containers/image,
// docker/errors.go, pkg/shortnames. Registries: the error codes of the OCI distribution specification.
import type { Problem } from './problem.ts';

/** Where the name of an image comes from, as the clause that says what to do about a wrong one: `correct spec.image`. */
export type Correct = string;

interface PullFailure {
  /** Of the reason and the message of kubelet. */
  readonly test: RegExp;
  readonly remedy: (correct: Correct) => string;
  readonly state: Problem['state'];
}

/** The first that matches: an image for other platforms is `not found` as well. */
const failures: readonly PullFailure[] = [
  {
    test: /no match for platform|no matching manifest for|no image found in (?:image index|manifest list) for/,
    remedy: () =>
      'push an image for the architecture of the nodes, or choose nodes that it runs on with spec.podTemplate.spec.nodeSelector',
    state: 'stalled',
  },
  {
    test: /no space left on device|disk quota exceeded/,
    remedy: () => 'free space on the node; the kubelet retries',
    state: 'failing',
  },
  {
    test: /toomanyrequests|429 Too Many Requests|pull rate limit/i,
    remedy: () => 'the kubelet retries; a pull secret in spec.imagePullSecrets may have a higher limit',
    state: 'failing',
  },
  {
    test: /short[- ]name/,
    remedy: (correct) => `${correct}: name the registry as well`,
    state: 'stalled',
  },
  {
    test: /SignatureValidationFailed|rejected by policy|signature was required/i,
    remedy: (correct) => `sign the image, change the signature policy of the nodes, or ${correct}`,
    state: 'stalled',
  },
  {
    test: /InvalidImageName|invalid reference format|must be lowercase/,
    remedy: (correct) => correct,
    state: 'stalled',
  },
  {
    test: /server gave HTTP response to HTTPS client/,
    remedy: () =>
      'serve the registry over TLS, or configure the container runtime of the nodes to use plain HTTP for it',
    state: 'stalled',
  },
  {
    test: /x509:|tls: (?!handshake timeout)/,
    remedy: () => "configure the container runtime of the nodes to trust the registry's certificate",
    state: 'stalled',
  },
  {
    test: /access denied|access to the resource is denied|insufficient_scope|unauthori[sz]ed|authentication required|no basic auth credentials|\b40[13] (?:Unauthorized|Forbidden)/i,
    remedy: (correct) => `${correct}, or add the pull secret to spec.imagePullSecrets`,
    state: 'stalled',
  },
  {
    test: /\bnot found\b|manifest unknown|name unknown|not known to registry/i,
    remedy: (correct) => `${correct}, or push the image`,
    state: 'stalled',
  },
  {
    test: /RegistryUnavailable|no such host|server misbehaving|name resolution|connection (?:refused|reset)|no route to host|network is unreachable|timeout|deadline exceeded|\bEOF\b|\b50\d (?:Internal|Bad|Service|Gateway)/i,
    remedy: (correct) => `check that the nodes can reach the registry, or ${correct}; the kubelet retries`,
    state: 'failing',
  },
];

/**
 * @param text reason and message of a container that waits for its image
 * @returns what to do, and whether it may pass by itself
 */
export function pullRemedy(text: string, correct: Correct): Pick<Problem, 'state'> & { readonly remedy: string } {
  const found = failures.find(({ test }) => test.test(text));
  return found === undefined
    ? { remedy: `${correct}, or add the pull secret to spec.imagePullSecrets`, state: 'stalled' }
    : { remedy: found.remedy(correct), state: found.state };
}
