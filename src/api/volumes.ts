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

const defaultMode = mode('Permissions of the files. Default: 420, which is 0644.');
const optional = flag('Whether pods start without it.');
const path = z.string().max(4_096).meta({ description: 'File in the volume.' });
const items = listOf(
  z.object({
    key: z.string().max(253).meta({ description: 'Key with the content.' }),
    mode: mode('Permissions of the file.'),
    path,
  }),
  'Which keys, and as which files. Default: all.',
);
const fieldsOfPod = listOf(
  z.object({
    fieldRef: fieldRef.nullish().meta({ description: 'A field of the pod.' }),
    mode: mode('Permissions of the file.'),
    path,
    resourceFieldRef: resourceFieldRef.nullish().meta({ description: 'A resource of a container.' }),
  }),
  'Fields of the pod, and as which files.',
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
      audience: text('Who the token is for. Default: the API server.'),
      expirationSeconds: z.int().min(0).max(1_000_000_000).nullish().meta({ description: 'How long it is good for.' }),
      path,
    })
    .nullish()
    .meta({ description: "A token of the pods' service account." }),
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
      fsType: text('File system.'),
      nodePublishSecretRef: z
        .object({ name: text('Name of the Secret.') })
        .nullish()
        .meta({ description: 'Secret for the driver.' }),
      readOnly: flag('Whether it cannot be written.'),
      volumeAttributes: annotationMap().nullish().meta({ description: 'Attributes for the driver.' }),
    })
    .nullish()
    .meta({ description: 'A volume that a CSI driver makes for the pod.' }),
  downwardAPI: z.object({ defaultMode, items: fieldsOfPod }).nullish().meta({ description: 'Fields of the pod.' }),
  emptyDir: z
    .object({
      medium: text('Memory for a directory in memory.'),
      sizeLimit: quantity().optional().meta({ description: 'How much it may hold; a pod with more is evicted.' }),
    })
    .nullish()
    .meta({ description: 'An empty directory that lives as long as the pod.' }),
  ephemeral: z
    .object({ volumeClaimTemplate: raw('The claim, as a PersistentVolumeClaim has it.') })
    .nullish()
    .meta({ description: 'A PersistentVolumeClaim that lives as long as the pod.' }),
  fc: raw('A Fibre Channel disk.'),
  flexVolume: raw('A volume of a FlexVolume driver.'),
  flocker: raw('A Flocker volume.'),
  gcePersistentDisk: raw('A disk of Google Cloud.'),
  gitRepo: raw('A Git repository.'),
  glusterfs: raw('A GlusterFS volume.'),
  hostPath: z
    .object({
      path: z.string().max(4_096).meta({ description: 'Path on the node.' }),
      type: text('What has to be there.'),
    })
    .nullish()
    .meta({ description: 'A file or directory of the node.' }),
  image: z
    .object({ pullPolicy: text('When the image is pulled.'), reference: text('The image.') })
    .nullish()
    .meta({ description: 'Files of an image.' }),
  iscsi: raw('An iSCSI disk.'),
  nfs: z
    .object({
      path: z.string().max(4_096).meta({ description: 'Path on the server.' }),
      readOnly: flag('Whether it cannot be written.'),
      server: z.string().max(253).meta({ description: 'Name or address of the server.' }),
    })
    .nullish()
    .meta({ description: 'A directory of an NFS server.' }),
  persistentVolumeClaim: z
    .object({
      claimName: z.string().max(253).meta({ description: 'Name of the claim.' }),
      readOnly: flag('Whether it cannot be written.'),
    })
    .nullish()
    .meta({ description: 'A PersistentVolumeClaim.' }),
  photonPersistentDisk: raw('A disk of Photon.'),
  portworxVolume: raw('A Portworx volume.'),
  projected: z
    .object({ defaultMode, sources: listOf(projectedSource, 'What is put together.') })
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
