// What helps when an image cannot be pulled, for what kubelet passes on of container runtimes and registries.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pullRemedy } from '../../../src/operator/status/image-pull.ts';

const containerd = 'failed to pull and unpack image "reg.example.com/shop:1"';
const resolving = `${containerd}: failed to resolve reference "reg.example.com/shop:1"`;
const head = `${resolving}: failed to do request: Head "https://reg.example.com/v2/shop/manifests/1"`;
const crio = 'initializing source docker://reg.example.com/shop:1';

const correct = 'correct spec.image';
const push = `${correct}, or push the image`;
const secret = `${correct}, or add the pull secret to spec.imagePullSecrets`;
const reach = `check that the nodes can reach the registry, or ${correct}; the kubelet retries`;
const platform =
  'push an image for the architecture of the nodes, or choose nodes that it runs on with spec.podTemplate.spec.nodeSelector';
const trust = "configure the container runtime of the nodes to trust the registry's certificate";
const tls = 'serve the registry over TLS, or configure the container runtime of the nodes to use plain HTTP for it';
const limit = 'the kubelet retries; a pull secret in spec.imagePullSecrets may have a higher limit';

type Case = readonly [message: string, remedy: string, state: 'stalled' | 'failing', reason?: string];

const cases: Record<string, Case> = {
  'the tag does not exist, to containerd': [`${resolving}: reg.example.com/shop:1: not found`, push, 'stalled'],
  'the tag does not exist, to CRI-O': [
    `${crio}: reading manifest 1 in reg.example.com/shop: manifest unknown`,
    push,
    'stalled',
  ],
  'the repository does not exist': [
    `${crio}: reading manifest 1 in reg.example.com/shop: name unknown: repository name not known to registry`,
    push,
    'stalled',
  ],
  'Docker Hub does not say which': [
    `${resolving}: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`,
    secret,
    'stalled',
  ],
  'no credentials are given, to containerd': [
    `${resolving}: failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://reg.example.com/token: 401 Unauthorized`,
    secret,
    'stalled',
  ],
  'the credentials may not': [
    `${resolving}: unexpected status from HEAD request to https://reg.example.com/v2/shop/manifests/1: 403 Forbidden`,
    secret,
    'stalled',
  ],
  'the password is wrong, to CRI-O': [
    `${crio}: unable to retrieve auth token: invalid username/password: unauthorized: incorrect username or password`,
    secret,
    'stalled',
  ],
  'CRI-O has no credentials': [
    `${crio}: reading manifest 1 in reg.example.com/shop: requested access to the resource is denied`,
    secret,
    'stalled',
  ],
  'nobody has signed the certificate that the nodes know': [
    `${head}: tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    trust,
    'stalled',
  ],
  'the certificate is for another name': [
    `${head}: tls: failed to verify certificate: x509: certificate is valid for other.example.com, not reg.example.com`,
    trust,
    'stalled',
  ],
  'the registry speaks plain HTTP': [`${head}: http: server gave HTTP response to HTTPS client`, tls, 'stalled'],
  'the registry has no such name': [
    `${head}: dial tcp: lookup reg.example.com on 10.96.0.10:53: no such host`,
    reach,
    'failing',
  ],
  'nothing listens there': [`${head}: dial tcp 192.0.2.7:443: connect: connection refused`, reach, 'failing'],
  'nobody answers there': [`${head}: dial tcp 192.0.2.7:443: i/o timeout`, reach, 'failing'],
  'the handshake takes too long': [`${head}: net/http: TLS handshake timeout`, reach, 'failing'],
  'the registry is overloaded': [
    `${resolving}: unexpected status from HEAD request to https://reg.example.com/v2/shop/manifests/1: 503 Service Unavailable`,
    reach,
    'failing',
  ],
  'the connection ends early': [`${containerd}: failed to copy: httpReadSeeker: failed open: EOF`, reach, 'failing'],
  'kubelet says so in a word': ['image pull failed for reg.example.com', reach, 'failing', 'RegistryUnavailable'],
  'too many have been pulled': [
    `${containerd}: failed to copy: httpReadSeeker: failed open: unexpected status code https://reg.example.com/v2/shop/manifests/1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.`,
    limit,
    'failing',
  ],
  'the image is for other machines, to containerd': [
    `${containerd}: no match for platform in manifest sha256:0b1e: not found`,
    platform,
    'stalled',
  ],
  'the image is for other machines, to CRI-O': [
    'choosing an image from manifest list docker://reg.example.com/shop:1: no image found in image index for architecture "arm64", variant "v8", OS "linux"',
    platform,
    'stalled',
  ],
  'the disk of the node is full': [
    `${containerd}: failed to extract layer sha256:0b1e: write /usr/lib/x: no space left on device: unknown`,
    'free space on the node; the kubelet retries',
    'failing',
  ],
  'the name is none': [
    'Failed to apply default image tag "Shop:1": couldn\'t parse image name "Shop:1": invalid reference format: repository name (library/Shop) must be lowercase',
    correct,
    'stalled',
    'InvalidImageName',
  ],
  'CRI-O is not to guess the registry': [
    'short-name "shop:1" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"',
    `${correct}: name the registry as well`,
    'stalled',
  ],
  'the policy of the nodes wants a signature': [
    `${crio}: Source image rejected: A signature was required, but no signature exists`,
    `sign the image, change the signature policy of the nodes, or ${correct}`,
    'stalled',
    'SignatureValidationFailed',
  ],
  'the words are not known': ['something else', secret, 'stalled'],
};

describe('an image cannot be pulled because', () => {
  for (const [name, [message, remedy, state, reason = 'ErrImagePull']] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(pullRemedy(`${reason}: ${message}`, correct), { remedy, state }));
  }
});
