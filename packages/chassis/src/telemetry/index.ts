/** What a process measures, and the server that exposes it. */
export { counter, gauge, histogram, type Observe, ofEach, tally } from './metrics.js';
export { type MetricsServer, serveMetrics } from './metrics-server.js';
/** For a service's own spans. The chassis creates those of requests, calls and statements. */
export { isSampled, toTraceparent } from '../process/context/traceparent.js';
export { failSpan, inSpan, inSpanOfEach, isTracing, outsideOfTraces, recordSpan } from './spans.js';
export type { Span, SpanDescription } from '@millrace/tracing';
export { startTracing } from './tracing.js';
