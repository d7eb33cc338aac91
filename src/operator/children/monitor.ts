import { names, type AppServer } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';

/** What the Prometheus operator makes a scrape of the pods' admin port from. */
export function monitor(app: AppServer): Child | undefined {
  const { monitoring } = app.spec;
  if (monitoring === undefined) return undefined;
  const { kind, interval, scrapeTimeout, relabelings, metricRelabelings } = monitoring;
  const selector = { matchLabels: names.selectorLabels(app.metadata.name) };
  const endpoint = {
    path: '/metrics',
    interval,
    ...(scrapeTimeout !== undefined && { scrapeTimeout }),
    ...(relabelings && { relabelings }),
    ...(metricRelabelings && { metricRelabelings }),
  };
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind,
    metadata: childMetadata(app, app.metadata.name, monitoring),
    spec:
      kind === 'PodMonitor'
        ? { selector, podMetricsEndpoints: [{ ...endpoint, port: 'admin' }] }
        : { selector, endpoints: [{ ...endpoint, targetPort: names.adminPort }] },
  };
}
