// Who may connect to the pods and where they may connect to, and who scrapes them.
import { z } from 'zod';
import { about, duration } from './fields.ts';
import { metadataFields } from './metadata.ts';

/** Kubernetes' own shape, which the API server checks when the object is applied. */
const raw = z.looseObject({});
const rules = (description: string) =>
  z
    .array(raw)
    .max(64)
    .optional()
    .meta(about('outside', description, 'atomic'));

export const networkPolicy = z.object({
  from: z
    .array(raw)
    .min(1)
    .max(64)
    .optional()
    .meta(
      about(
        'outside',
        'Peers that may reach the application, as in a NetworkPolicy; the admin port stays open. Default: all, if ingress is not set either.',
        'atomic',
      ),
    ),
  ingress: rules('Additional rules for connections to the pods, as in a NetworkPolicy, for example to other ports.'),
  egress: rules('Where the pods may connect to, as in a NetworkPolicy; remember to allow DNS. Default: everywhere.'),
  ...metadataFields('spec.networkPolicy'),
});

export const monitoring = z.object({
  kind: z
    .enum(['PodMonitor', 'ServiceMonitor'])
    .default('PodMonitor')
    .meta(about('outside', 'Kind of the monitor that is created for the Prometheus operator.')),
  interval: duration().default('30s').meta(about('outside', 'How often metrics are scraped.')),
  scrapeTimeout: duration()
    .optional()
    .meta(about('outside', 'How long a scrape may take. Default: that of Prometheus.')),
  relabelings: rules('Relabeling rules for the scraped targets, as in a monitor.'),
  metricRelabelings: rules('Relabeling rules for the scraped metrics, as in a monitor.'),
  ...metadataFields('spec.monitoring'),
});
