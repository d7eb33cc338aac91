// Labels and annotations of children, as an AppServer may give them.
import type { z } from 'zod';
import { about, annotationMap, labelMap } from './fields.ts';
import { ownLabels, ownPrefix } from './names.ts';

const refusing = (rule: string, message: string) => ({
  'x-kubernetes-validations': [{ rule, message, reason: 'FieldValueInvalid' }],
});

const notOwn = `!key.startsWith('${ownPrefix}')`;

/**
 * The fields `labels` and `annotations` of one child.
 * @param where the field of the spec that has them, such as `spec.service`
 */
export function metadataFields(where: string): {
  labels: z.ZodOptional<ReturnType<typeof labelMap>>;
  annotations: z.ZodOptional<ReturnType<typeof annotationMap>>;
} {
  return {
    labels: labelMap()
      .optional()
      .meta({
        ...about('outside', 'Labels of the object, in addition to those that it inherits from the AppServer.'),
        ...refusing(
          `self.all(key, ${notOwn} && !(key in [${ownLabels.map((key) => `'${key}'`).join(', ')}]))`,
          `${where}.labels must not set ${ownPrefix}* or ${ownLabels.join(', ')}, which the operator sets; remove them`,
        ),
      }),
    annotations: annotationMap()
      .optional()
      .meta({
        ...about('outside', 'Annotations of the object.'),
        ...refusing(
          `self.all(key, ${notOwn})`,
          `${where}.annotations must not set ${ownPrefix}*, which the operator sets; remove them`,
        ),
      }),
  };
}
