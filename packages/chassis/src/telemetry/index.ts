/** What a process measures, and the server that shows it; and spans of a service's own: those of requests, calls and statements are made in the chassis. */
export { counter, gauge, histogram, type Observe, ofEach, tally } from './metrics.js';
export { type MetricsServer, serveMetrics } from './metrics-server.js';
export { isSampled, toTraceparent } from '../process/traceparent.js';
export { failSpan, inSpan, inSpanOfEach, isTracing, outsideOfTraces, recordSpan } from './spans.js';
export type { Span, SpanDescription } from '@millrace/tracing';
export { startTracing } from './tracing.js';
