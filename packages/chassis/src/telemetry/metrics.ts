// What a process measures. Each part of the code declares its own metrics, where it keeps the figures; they are read on request
// (metrics-page.ts). Without METRICS_PORT, nothing is collected, and prom-client is not even loaded.

/** For names, see https://prometheus.io/docs/practices/naming/. Every metric has a row in docs/OBSERVABILITY.md. */
export interface Definition {
  name: string;
  /** One sentence. */
  help: string;
}

export type Labels = Record<string, string>;

export interface Sample {
  labels?: Labels;
  value: number;
}

/** Reads the current values. A metric that throws is left out of the page. */
export type Read = () => Sample[] | Promise<Sample[]>;

export interface ReadMetric extends Definition {
  type: 'gauge' | 'counter';
  read: Read;
}

export interface HistogramDefinition extends Definition {
  labels: readonly string[];
  /** Upper bounds, in seconds. */
  buckets: readonly number[];
}

/** @param traceparent of the request or job: if its trace is sampled, it becomes an exemplar of this duration */
export type Observe = (labels: Labels, seconds: number, traceparent?: string) => void;

/** By name: a process has one of each. */
export const readMetrics = new Map<string, ReadMetric>();
export const histograms = new Map<
  string,
  { definition: HistogramDefinition; observe: Observe | undefined }
>();

/** Declares a value that goes up and down. */
export function gauge(definition: Definition, read: Read): void {
  readMetrics.set(definition.name, { ...definition, type: 'gauge', read });
}

/** Declares a value that only goes up and is counted elsewhere. */
export function counter(definition: Definition, read: Read): void {
  readMetrics.set(definition.name, { ...definition, type: 'counter', read });
}

/**
 * Declares a counter and keeps it: counting costs one addition, whether or not it is ever read.
 *
 * @param by a label and its known values, which start at 0: otherwise, Prometheus would not notice the first event
 * @returns a function that counts
 */
export function tally(definition: Definition): (value?: undefined, count?: number) => void;
export function tally(
  definition: Definition,
  by: { label: string; values?: readonly string[] },
): (value: string, count?: number) => void;
export function tally(definition: Definition, by?: { label: string; values?: readonly string[] }) {
  const counts = new Map<string, number>((by ? (by.values ?? []) : ['']).map((value) => [value, 0]));
  counter(definition, () =>
    [...counts].map(([value, count]) => ({ labels: by ? { [by.label]: value } : {}, value: count })),
  );
  return (value = '', count = 1) => {
    counts.set(value, (counts.get(value) ?? 0) + count);
  };
}

/** Declares a distribution of durations. */
export function histogram(definition: HistogramDefinition): Observe {
  const own: { definition: HistogramDefinition; observe: Observe | undefined } = {
    definition,
    observe: undefined,
  };
  histograms.set(definition.name, own);
  return (labels, seconds, traceparent) => own.observe?.(labels, seconds, traceparent);
}

/** Reads the same figure of several things, with their names as the label. */
export function ofEach<T>(
  label: string,
  things: ReadonlyMap<string, T>,
  figureOf: (thing: T) => number,
): Read {
  return () => [...things].map(([name, thing]) => ({ labels: { [label]: name }, value: figureOf(thing) }));
}
