// A trace context as it travels: `00-<trace id>-<span id>-<flags>`, each at a fixed place.
// https://www.w3.org/TR/trace-context/#traceparent-header-field-values

/** A span as others name it. The same as OpenTelemetry's, whose API is not loaded for it. */
export interface SpanContext {
  traceId: string;
  spanId: string;
  traceFlags: number;
  /** Whether another process has made the span. */
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

/** Are the spans of this trace exported? Whoever begins a trace decides it for everybody. */
export function isSampled(traceparent: string | null | undefined): traceparent is string {
  return traceparent != null && (parseInt(traceparent.slice(53), 16) & SAMPLED) !== 0;
}

/** What a log line says of the trace, in OpenTelemetry's names. */
export function traceFields(traceparent: string | undefined): { trace_id?: string; span_id?: string } {
  if (traceparent === undefined) return {};
  const [trace_id, span_id] = idsOf(traceparent);
  return { trace_id, span_id };
}

function idsOf(traceparent: string): [traceId: string, spanId: string] {
  return [traceparent.slice(3, 35), traceparent.slice(36, 52)];
}
