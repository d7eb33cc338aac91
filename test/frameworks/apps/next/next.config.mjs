import { join } from 'node:path';

// https://nextjs.org/docs/app/api-reference/config/next-config-js/output
const root = join(import.meta.dirname, '..');

export default { output: 'standalone', outputFileTracingRoot: root, turbopack: { root } };
