/** Reads traces, from local/trace-store or from Jaeger. */
export { tracesConfig, webAddress } from './config.js';
export { type ExportedSpan, exportRequestSchema, type ResourceSpans, traceIdSchema } from './otlp.js';
export { createTraceReader, type TraceReader } from './trace-reader.js';
