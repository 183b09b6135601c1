import type { OpenMetricsContentType } from 'prom-client';
import { isSampled, toSpanContext } from '../process/context/traceparent.js';
import { histograms, readMetrics } from './metrics.js';

export type MetricsFormat = 'openmetrics' | 'text';

/** Begins to collect. @returns a function that writes the page of now, in OpenMetrics (which has exemplars) or Prometheus' older format */
export async function collectMetrics(): Promise<(format: MetricsFormat) => Promise<string>> {
  const { Registry, Histogram, collectDefaultMetrics } = await import('prom-client');
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  // The types know registries of the older format only.
  collectDefaultMetrics({ register: registry });
  // Gauges named as counters are: the same figures are there by type, without `_total`.
  for (const what of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${what}_total`);

  for (const own of histograms.values()) {
    const { name, help, labels, buckets } = own.definition;
    const distribution = new Histogram({
      name,
      help,
      labelNames: labels,
      buckets: [...buckets],
      enableExemplars: true,
      registers: [registry],
    });
    own.observe = (labels, value, traceparent) =>
      distribution.observe({ labels, value, exemplarLabels: exemplarOf(traceparent) });
  }

  /** Hands on what is read, of which prom-client keeps nothing. */
  const registerRead = (name: string) => {
    const { help, type } = readMetrics.get(name)!;
    const get = async () => {
      // In OpenMetrics, the name of a counter is without the ending of its samples.
      const family = type === 'counter' ? name.replace(/_total$/, '') : name;
      return { name: family, help, type, values: await valuesOf(name) };
    };
    registry.registerMetric({ name, help, type, get } as never);
  };

  return async (format) => {
    // What has been declared since is registered late.
    for (const name of readMetrics.keys()) if (!registry.getSingleMetric(name)) registerRead(name);
    const page = await registry.metrics();
    return format === 'openmetrics' ? page : asText(page);
  };
}

async function valuesOf(name: string) {
  try {
    const samples = await readMetrics.get(name)!.read();
    return samples.map(({ labels = {}, value }) => ({ labels, value }));
  } catch {
    // A store does not answer: its health says so.
    return [];
  }
}

function exemplarOf(traceparent: string | undefined): Record<string, string> {
  return isSampled(traceparent) ? { trace_id: toSpanContext(traceparent, true).traceId } : {};
}

/** Not by prom-client itself: written in both formats by turns, it would take the ending off the names of its counters for good. */
function asText(page: string): string {
  return page
    .replace(/^# HELP (\S+) (.*)\n# TYPE \1 counter$/gm, '# HELP $1_total $2\n# TYPE $1_total counter')
    .replace(/ # \{[^{}]*\} \S+ \S+$/gm, '')
    .replace(/# EOF\n$/, '');
}
