// A trace context as it travels: `00-<trace id>-<span id>-<flags>`, each at a fixed place.
// https://www.w3.org/TR/trace-context/#traceparent-header-field-values

/** A reference to a span. The same as OpenTelemetry's type, without loading its API. */
export interface SpanContext {
  traceId: string;
  spanId: string;
  traceFlags: number;
  /** Whether the span was created in another process. */
  isRemote?: boolean;
}

const SAMPLED = 1;

export function toTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags & SAMPLED ? '01' : '00'}`;
}

/** @param traceparent a valid one */
export function toSpanContext(traceparent: string, isRemote: boolean): SpanContext {
  const [traceId, spanId] = idsOf(traceparent);
  return { traceId, spanId, traceFlags: isSampled(traceparent) ? SAMPLED : 0, isRemote };
}

/** Whether the spans of this trace are exported. The process that begins a trace decides that. */
export function isSampled(traceparent: string | null | undefined): traceparent is string {
  return traceparent != null && (parseInt(traceparent.slice(53), 16) & SAMPLED) !== 0;
}

/** The trace's fields in a log line, with OpenTelemetry's names. */
export function traceFields(traceparent: string | undefined): { trace_id?: string; span_id?: string } {
  if (traceparent === undefined) return {};
  const [trace_id, span_id] = idsOf(traceparent);
  return { trace_id, span_id };
}

function idsOf(traceparent: string): [traceId: string, spanId: string] {
  return [traceparent.slice(3, 35), traceparent.slice(36, 52)];
}
