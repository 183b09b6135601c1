// What a process measures. Each part of the code declares its own metrics, where it keeps the figures; they are read when somebody asks
// (metrics-page.ts). While nobody can, as METRICS_PORT is not set, nothing is collected, and prom-client is not even loaded.

/** What all metrics have: https://prometheus.io/docs/practices/naming/, and a row in docs/OBSERVABILITY.md. */
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

/** Says the values of now. One that throws is left out of the page, and the others are not. */
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

/** @param traceparent of the request or job: its trace becomes an example of such a duration (an exemplar), if it is sampled */
export type Observe = (labels: Labels, seconds: number, traceparent?: string) => void;

/** By name: there is one of each in a process. */
export const readMetrics = new Map<string, ReadMetric>();
export const histograms = new Map<
  string,
  { definition: HistogramDefinition; observe: Observe | undefined }
>();

/** Declares a value that goes up and down. */
export function gauge(definition: Definition, read: Read): void {
  readMetrics.set(definition.name, { ...definition, type: 'gauge', read });
}

/** Declares a value that only goes up, and that somebody else counts. */
export function counter(definition: Definition, read: Read): void {
  readMetrics.set(definition.name, { ...definition, type: 'counter', read });
}

/**
 * Declares a counter and keeps it: that costs an addition, whether or not anybody asks.
 *
 * @param by a label, and its values known beforehand, which begin at 0: Prometheus does not notice a first event otherwise
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

/** Reads a figure of each of several things, whose name is the label. */
export function ofEach<T>(
  label: string,
  things: ReadonlyMap<string, T>,
  figureOf: (thing: T) => number,
): Read {
  return () => [...things].map(([name, thing]) => ({ labels: { [label]: name }, value: figureOf(thing) }));
}
