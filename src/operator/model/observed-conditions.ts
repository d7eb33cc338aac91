import { z } from 'zod';

/** The conditions in the status of an object of Kubernetes' own, as far as they are looked at. */
export const observedConditions = z
  .array(
    z.looseObject({
      type: z.string(),
      status: z.string(),
      reason: z.string().optional(),
      message: z.string().optional(),
      lastTransitionTime: z.string().nullable().optional(),
    }),
  )
  .optional();
