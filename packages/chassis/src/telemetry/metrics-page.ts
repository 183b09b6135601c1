import type { OpenMetricsContentType } from 'prom-client';
import { isSampled, toSpanContext } from '../process/context/traceparent.js';
import { histograms, readMetrics } from './metrics.js';

export type MetricsFormat = 'openmetrics' | 'text';

/** Begins to collect. @returns a function that writes the current page, in OpenMetrics (which has exemplars) or in Prometheus's older format */
export async function collectMetrics(): Promise<(format: MetricsFormat) => Promise<string>> {
  const { Registry, Histogram, collectDefaultMetrics } = await import('prom-client');
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  // The types only know registries of the older format.
  collectDefaultMetrics({ register: registry });
  // Gauges with the names of counters: the same figures exist by type, without `_total`.
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

  /** Passes on values as they are read; prom-client keeps none of them. */
  const registerRead = (name: string) => {
    const { help, type } = readMetrics.get(name)!;
    const get = async () => {
      // In OpenMetrics, a counter's name lacks the suffix of its samples.
      const family = type === 'counter' ? name.replace(/_total$/, '') : name;
      return { name: family, help, type, values: await valuesOf(name) };
    };
    registry.registerMetric({ name, help, type, get } as never);
  };

  return async (format) => {
    // Registers metrics that were declared in the meantime.
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
    // A store does not respond: the health check reports that.
    return [];
  }
}

function exemplarOf(traceparent: string | undefined): Record<string, string> {
  return isSampled(traceparent) ? { trace_id: toSpanContext(traceparent, true).traceId } : {};
}

/** Not by prom-client itself: if both formats are written alternately, it removes the suffix from its counters' names for good. */
function asText(page: string): string {
  return page
    .replace(/^# HELP (\S+) (.*)\n# TYPE \1 counter$/gm, '# HELP $1_total $2\n# TYPE $1_total counter')
    .replace(/ # \{[^{}]*\} \S+ \S+$/gm, '')
    .replace(/# EOF\n$/, '');
}
