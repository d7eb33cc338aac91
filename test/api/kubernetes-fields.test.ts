// Each field that an AppServer is said to have reaches the child. Whether no field is missing: e2e/faults/kubernetes-fields.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { kubernetesFields, type KubernetesField } from '../../src/api/kubernetes-fields.ts';
import { childrenIn, facts } from '../builders.ts';
import { appServerWith, valueAt } from '../kubernetes-fields.ts';

for (const [kind, fields] of Object.entries<readonly KubernetesField[]>(kubernetesFields)) {
  describe(`the ${kind}'s field`, () => {
    for (const one of fields) {
      if (!('field' in one)) continue;
      test(`${one.path} is spec.${one.field}`, () => {
        const child = childrenIn(facts({ app: appServerWith(one) })).find((found) => found.kind === kind);
        const found = valueAt(child, one.path);
        // Labels and annotations stand beside those of the operator.
        if (one.path.startsWith('metadata.')) assert.partialDeepStrictEqual(found, one.value);
        else assert.deepEqual(found, one.gives ?? one.value);
      });
    }
  });
}
