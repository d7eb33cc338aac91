// Variables and mounts of a container, in Kubernetes' own shape. All fields are known, so that the API server refuses a typo. The order of the
// fields is that in which templates are written: after the names that of the API server, which sorts.
import { z } from 'zod';
import { quantity } from './fields.ts';

/** A text that may also be null, as an empty value in YAML is. */
const text = (description: string, most = 4_096) => z.string().max(most).nullish().meta({ description });
const flag = (description: string) => z.boolean().nullish().meta({ description });

const optional = flag('Whether pods may start without it.');

export const fieldRef = z.object({
  apiVersion: text('API version of fieldPath. Default: v1.'),
  fieldPath: z.string().max(4_096).meta({ description: 'Field of the pod, such as metadata.name.' }),
});

export const resourceFieldRef = z.object({
  containerName: text('Name of the container. Default: this one.'),
  divisor: quantity().optional().meta({ description: 'Unit of the value. Default: 1.' }),
  resource: z.string().max(4_096).meta({ description: 'Resource of the container, such as limits.cpu.' }),
});

const keyRef = (of: string) =>
  z.object({
    key: z
      .string()
      .max(253)
      .meta({ description: `Key of the ${of}.` }),
    name: text(`Name of the ${of}.`),
    optional,
  });

const valueFrom = z.object({
  configMapKeyRef: keyRef('ConfigMap').nullish().meta({ description: 'A key of a ConfigMap.' }),
  fieldRef: fieldRef.nullish().meta({ description: 'A field of the pod.' }),
  fileKeyRef: z
    .object({
      key: z.string().max(253).meta({ description: 'Variable in the file.' }),
      optional,
      path: z.string().max(4_096).meta({ description: 'File in the volume.' }),
      volumeName: z.string().max(63).meta({ description: 'Volume with the file.' }),
    })
    .nullish()
    .meta({ description: 'A variable from a file in a volume.' }),
  resourceFieldRef: resourceFieldRef.nullish().meta({ description: 'A resource of a container.' }),
  secretKeyRef: keyRef('Secret').nullish().meta({ description: 'A key of a Secret.' }),
});

export const envVar = z.object({
  name: z.string().min(1).max(253).meta({ description: 'Name of the variable.' }),
  value: z.string().max(32_768).optional().meta({ description: 'Value of the variable.' }),
  valueFrom: valueFrom.optional().meta({ description: 'Source of the value, in place of value.' }),
});

const source = (of: string) => z.object({ name: text(`Name of the ${of}.`), optional });

export const envFrom = z.object({
  prefix: z.string().max(253).optional().meta({ description: 'Prefix of the name of each variable.' }),
  configMapRef: source('ConfigMap').optional().meta({ description: 'A ConfigMap with variables.' }),
  secretRef: source('Secret').optional().meta({ description: 'A Secret with variables.' }),
});

export const volumeMount = z.object({
  name: z.string().min(1).max(63).meta({ description: 'Name of the volume.' }),
  mountPath: z
    .string()
    .min(1)
    .max(1_024)
    .meta({ description: 'Path in the container at which the volume is mounted.' }),
  mountPropagation: text('How mounts propagate between the node and the container.'),
  readOnly: flag('Whether the mount is read-only. Default: false.'),
  recursiveReadOnly: text('Whether mounts below it are read-only too.'),
  subPath: text('Directory or file in the volume to mount, in place of its root.'),
  subPathExpr: text('The same as subPath, with variables expanded.'),
});
