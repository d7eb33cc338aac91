// AppServers as the operator reports them, and what others make of them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { z } from 'zod';

const file = join(import.meta.dirname, 'recorded.yaml');

export const recorded = z
  .array(
    z.object({
      when: z.string(),
      argocd: z.enum(['Healthy', 'Progressing', 'Degraded', 'Suspended']),
      kstatus: z.enum(['Current', 'InProgress', 'Failed', 'Terminating']),
      resource: z.looseObject({}),
    }),
  )
  .parse(load(readFileSync(file, 'utf8')));
