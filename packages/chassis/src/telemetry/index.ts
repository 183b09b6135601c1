/** What a process measures, and the server that shows it. */
export { counter, gauge, histogram, type Observe, ofEach, tally } from './metrics.js';
export { type MetricsServer, serveMetrics } from './metrics-server.js';
/** Spans of a service's own. Those of requests, calls and statements are made in the chassis. */
export { isSampled, toTraceparent } from '../process/context/traceparent.js';
export { failSpan, inSpan, inSpanOfEach, isTracing, outsideOfTraces, recordSpan } from './spans.js';
export type { Span, SpanDescription } from '@millrace/tracing';
export { startTracing } from './tracing.js';
