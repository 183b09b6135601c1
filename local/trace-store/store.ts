import type { ExportedSpan, ResourceSpans } from '@millrace/chassis/traces';

export type StoreLimits = {
  /** The maximum size of all spans, as stored text. */
  bytes: number;
  traces: number;
  /** The maximum size of one trace's spans, and so of an answer. */
  traceBytes: number;
  traceSpans: number;
  /** How long a trace is kept after its first span has arrived. */
  ageMs: number;
};

/** The trace of a job takes about 30 KB, so these are the latest 2,000 or so. */
export const DEFAULT_LIMITS: StoreLimits = {
  bytes: 64 * 1024 ** 2,
  traces: 10_000,
  traceBytes: 2 * 1024 ** 2,
  traceSpans: 2_000,
  ageMs: 24 * 3_600_000,
};

/** The latest traces, in memory. When there are too many, the oldest is dropped first. */
export type TraceStore = {
  /** Stores the spans that their traces have room for. @returns how many of them it has not stored */
  add(exported: readonly ResourceSpans[]): number;
  /** The trace's spans as `resourceSpans`, in JSON; undefined when there are none. */
  find(traceId: string): string | undefined;
  /** How much there is. */
  size(): { traces: number; bytes: number };
};

/** A span and its resource, as JSON: a few long strings instead of many small objects. */
type KeptSpan = { resource: string; span: string };

type KeptTrace = { since: number; bytes: number; spans: Map<string, KeptSpan> };

export function createTraceStore(limits: StoreLimits = DEFAULT_LIMITS): TraceStore {
  /** By their ids, the oldest first. */
  const traces = new Map<string, KeptTrace>();
  let bytes = 0;

  const forgetOldest = () => {
    const [oldest] = traces;
    if (!oldest) return;
    traces.delete(oldest[0]);
    bytes -= oldest[1].bytes;
  };
  const forgetExpired = () => {
    for (const { since } of traces.values()) {
      if (performance.now() - since <= limits.ageMs) return;
      forgetOldest();
    }
  };
  const isFull = () => traces.size > limits.traces || bytes > limits.bytes;

  /** A repeated span, whose sender did not learn that it had arrived, replaces the first one. */
  const keep = ({ traceId, spanId }: ExportedSpan, kept: KeptSpan): boolean => {
    const begun: KeptTrace = { since: performance.now(), bytes: 0, spans: new Map() };
    const trace = traces.get(traceId) ?? begun;
    const before = trace.spans.get(spanId);
    const added = bytesOf(kept) - (before ? bytesOf(before) : 0);
    if (!before && trace.spans.size >= limits.traceSpans) return false;
    if (trace.bytes + added > limits.traceBytes) return false;
    trace.spans.set(spanId, kept);
    trace.bytes += added;
    bytes += added;
    traces.set(traceId, trace);
    while (isFull()) forgetOldest();
    return true;
  };

  return {
    add(exported) {
      forgetExpired();
      let refused = 0;
      for (const { resource, scopeSpans } of exported) {
        const from = toAscii(resource);
        for (const span of scopeSpans.flatMap((scope) => scope.spans))
          if (!keep(span, { resource: from, span: toAscii(span) })) refused += 1;
      }
      return refused;
    },

    find(traceId) {
      forgetExpired();
      const trace = traces.get(traceId);
      if (!trace) return undefined;
      const byResource = new Map<string, string[]>();
      for (const { resource, span } of trace.spans.values()) {
        const spans = byResource.get(resource);
        if (spans) spans.push(span);
        else byResource.set(resource, [span]);
      }
      const groups = [...byResource].map(
        ([resource, spans]) => `{"resource":${resource},"scopeSpans":[{"spans":[${spans.join()}]}]}`,
      );
      return `[${groups.join()}]`;
    },

    size: () => ({ traces: traces.size, bytes }),
  };
}

/** JSON in which every character takes one byte of memory: a single other character would double the size of a string. */
function toAscii(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function bytesOf({ resource, span }: KeptSpan): number {
  return resource.length + span.length;
}
