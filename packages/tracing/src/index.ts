import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Ids } from './ids.js';

export type { Span } from '@opentelemetry/api';

/** Named after the semantic conventions (https://opentelemetry.io/docs/specs/semconv/). No ids in names, no personal data anywhere. */
export interface SpanDescription {
  name: string;
  kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  attributes?: Attributes;
}

/** Creates spans and exports them. */
export interface Tracing {
  /**
   * @param parent without one, it begins a trace
   * @param past for a span that has ended: when it began; and its id, if that was known before, so that others could name it as their parent
   */
  startSpan: (
    description: SpanDescription,
    parent: SpanContext | undefined,
    past?: { start: Date; spanId: string | undefined },
  ) => Span;
  /** Marks a span as failed. */
  fail(span: Span, message?: string): void;
  /** A new trace, none of whose spans are exported. */
  unsampled(): SpanContext;
  /** Exports the remaining spans, for at most `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
}

export interface TracingOptions {
  service: string;
  /** The replica's name. */
  pod: string;
  /** Called, at most once a minute, when spans could not be exported. */
  onFailure: (error: unknown) => void;
}

const FAILURES_APART_MS = 60_000;

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/**
 * OpenTelemetry's SDK, which exports OTLP as JSON over HTTP. Standard variables configure it: endpoint, headers, sampler, and the limits of a
 * batch and of the queue (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). Spans are dropped when the queue is full,
 * and when the collector does not accept them.
 */
export function createTracing({ service, pod, onFailure }: TracingOptions): Tracing {
  const tell = atMostEvery(FAILURES_APART_MS, onFailure);
  setGlobalErrorHandler(tell);
  const ids = new Ids();
  const own = {
    'service.name': service,
    'service.namespace': 'millrace',
    'service.instance.id': pod,
  };
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes(own))
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
      .merge(detectResources({ detectors: [envDetector] })),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const tracer = provider.getTracer('millrace');

  return {
    startSpan({ name, kind, attributes = {} }, parent, past) {
      const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
      const options = { kind: KINDS[kind], attributes, ...(past && { startTime: past.start }) };
      return ids.using(past?.spanId, () => tracer.startSpan(name, options, context));
    },
    fail: (span, message) => span.setStatus({ code: SpanStatusCode.ERROR, ...(message && { message }) }),
    unsampled: () => ({
      traceId: ids.generateTraceId(),
      spanId: ids.generateSpanId(),
      traceFlags: TraceFlags.NONE,
    }),
    async stop(deadlineMs) {
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, deadlineMs);
      });
      await Promise.race([provider.shutdown().catch(tell), deadline]);
      clearTimeout(timer);
    },
  };
}

function atMostEvery(ms: number, tell: (error: unknown) => void): (error: unknown) => void {
  let last = -Infinity;
  return (error) => {
    const now = performance.now();
    if (now - last < ms) return;
    last = now;
    tell(error);
  };
}
