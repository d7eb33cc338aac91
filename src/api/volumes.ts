// Volumes, in Kubernetes' own shape. All sources are known, and all fields of those in common use, so that the API server refuses a typo. The
// order of the fields is that in which templates are written: after the name that of the API server, which sorts.
import { z } from 'zod';
import { fieldRef, resourceFieldRef } from './container-fields.ts';
import { annotationMap, quantity } from './fields.ts';

/** Values that may also be null, as an empty one in YAML is. */
const text = (description: string) => z.string().max(4_096).nullish().meta({ description });
const flag = (description: string) => z.boolean().nullish().meta({ description });
const mode = (description: string) => z.int().min(0).max(511).nullish().meta({ description });
/** Kubernetes' own shape, which the API server checks when the Deployment is applied. */
const raw = (description: string) => z.looseObject({}).nullish().meta({ description });

const listOf = <T extends z.ZodType>(item: T, description: string) =>
  z.array(item).max(256).nullish().meta({ description, 'x-kubernetes-list-type': 'atomic' });

const defaultMode = mode('Permission bits of the files. Default: 420, which is 0644.');
const optional = flag('Whether pods may start without it.');
const path = z.string().max(4_096).meta({ description: 'Path of the file in the volume.' });
const items = listOf(
  z.object({
    key: z.string().max(253).meta({ description: 'Key with the content of the file.' }),
    mode: mode('Permission bits of the file.'),
    path,
  }),
  'Keys to project, and the files to project them to. Default: all keys.',
);
const fieldsOfPod = listOf(
  z.object({
    fieldRef: fieldRef.nullish().meta({ description: 'A field of the pod.' }),
    mode: mode('Permission bits of the file.'),
    path,
    resourceFieldRef: resourceFieldRef.nullish().meta({ description: 'A resource of a container.' }),
  }),
  'Fields of the pod to project, and the files to project them to.',
);
const ofObject = (kind: string) => z.object({ items, name: text(`Name of the ${kind}.`), optional });

const projectedSource = z.object({
  clusterTrustBundle: raw('Certificates of a ClusterTrustBundle.'),
  configMap: ofObject('ConfigMap').nullish().meta({ description: 'A ConfigMap.' }),
  downwardAPI: z.object({ items: fieldsOfPod }).nullish().meta({ description: 'Fields of the pod.' }),
  podCertificate: raw('A key and certificate of the pod.'),
  secret: ofObject('Secret').nullish().meta({ description: 'A Secret.' }),
  serviceAccountToken: z
    .object({
      audience: text('Intended audience of the token. Default: the API server.'),
      expirationSeconds: z
        .int()
        .min(0)
        .max(1_000_000_000)
        .nullish()
        .meta({ description: 'Seconds for which the token is valid.' }),
      path,
    })
    .nullish()
    .meta({ description: "A token of the pods' ServiceAccount." }),
});

const sources = {
  awsElasticBlockStore: raw('A disk of AWS.'),
  azureDisk: raw('A disk of Azure.'),
  azureFile: raw('A file share of Azure.'),
  cephfs: raw('A Ceph file system.'),
  cinder: raw('A disk of OpenStack.'),
  configMap: z
    .object({ defaultMode, items, name: text('Name of the ConfigMap.'), optional })
    .nullish()
    .meta({ description: 'A ConfigMap.' }),
  csi: z
    .object({
      driver: z.string().max(253).meta({ description: 'Name of the driver.' }),
      fsType: text('Type of the file system.'),
      nodePublishSecretRef: z
        .object({ name: text('Name of the Secret.') })
        .nullish()
        .meta({ description: 'Secret for the driver.' }),
      readOnly: flag('Whether the volume is read-only.'),
      volumeAttributes: annotationMap().nullish().meta({ description: 'Attributes for the driver.' }),
    })
    .nullish()
    .meta({ description: 'An ephemeral volume that a CSI driver provides for the pod.' }),
  downwardAPI: z.object({ defaultMode, items: fieldsOfPod }).nullish().meta({ description: 'Fields of the pod.' }),
  emptyDir: z
    .object({
      medium: text('Storage medium: Memory for a tmpfs. Default: that of the node.'),
      sizeLimit: quantity()
        .optional()
        .meta({ description: 'Largest size of the volume; a pod that exceeds it is evicted.' }),
    })
    .nullish()
    .meta({ description: 'An initially empty directory that exists as long as the pod.' }),
  ephemeral: z
    .object({ volumeClaimTemplate: raw('Template of the PersistentVolumeClaim.') })
    .nullish()
    .meta({ description: 'A PersistentVolumeClaim that exists as long as the pod.' }),
  fc: raw('A Fibre Channel disk.'),
  flexVolume: raw('A volume of a FlexVolume driver.'),
  flocker: raw('A Flocker volume.'),
  gcePersistentDisk: raw('A disk of Google Cloud.'),
  gitRepo: raw('A Git repository.'),
  glusterfs: raw('A GlusterFS volume.'),
  hostPath: z
    .object({
      path: z.string().max(4_096).meta({ description: 'Path on the node.' }),
      type: text('What must exist at the path, such as Directory.'),
    })
    .nullish()
    .meta({ description: 'A file or directory on the node.' }),
  image: z
    .object({ pullPolicy: text('When the image is pulled.'), reference: text('Name of the image.') })
    .nullish()
    .meta({ description: 'The files of a container image.' }),
  iscsi: raw('An iSCSI disk.'),
  nfs: z
    .object({
      path: z.string().max(4_096).meta({ description: 'Path on the server.' }),
      readOnly: flag('Whether the volume is read-only.'),
      server: z.string().max(253).meta({ description: 'Name or address of the server.' }),
    })
    .nullish()
    .meta({ description: 'A directory of an NFS server.' }),
  persistentVolumeClaim: z
    .object({
      claimName: z.string().max(253).meta({ description: 'Name of the claim.' }),
      readOnly: flag('Whether the volume is read-only.'),
    })
    .nullish()
    .meta({ description: 'A PersistentVolumeClaim.' }),
  photonPersistentDisk: raw('A disk of Photon.'),
  portworxVolume: raw('A Portworx volume.'),
  projected: z
    .object({ defaultMode, sources: listOf(projectedSource, 'Sources that are projected into the volume.') })
    .nullish()
    .meta({ description: 'Several sources in one directory.' }),
  quobyte: raw('A Quobyte volume.'),
  rbd: raw('A Ceph block device.'),
  scaleIO: raw('A ScaleIO volume.'),
  secret: z
    .object({ defaultMode, items, optional, secretName: text('Name of the Secret.') })
    .nullish()
    .meta({ description: 'A Secret.' }),
  storageos: raw('A StorageOS volume.'),
  vsphereVolume: raw('A disk of vSphere.'),
};

export const volume = z
  .object({ name: z.string().min(1).max(63).meta({ description: 'Name of the volume.' }), ...sources })
  .meta({
    'x-kubernetes-validations': [
      {
        // Without one, Kubernetes would make an emptyDir of it.
        rule: `[${Object.keys(sources)
          .map((one) => `has(self.${one})`)
          .join(', ')}].filter(one, one).size() == 1`,
        message: 'spec.volumes must each have exactly one source, such as emptyDir; set one',
        reason: 'FieldValueInvalid',
      },
    ],
  });
