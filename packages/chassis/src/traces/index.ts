/** Traces that can be read again: from a store of its own, or from Jaeger. */
export { tracesConfig, webAddress } from './config.js';
export { type ExportedSpan, exportRequestSchema, type ResourceSpans, traceIdSchema } from './otlp.js';
export { createTraceReader, type TraceReader } from './trace-reader.js';
