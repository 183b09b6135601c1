import type { Span, SpanDescription, Tracing } from '@millrace/tracing';
import { currentContext, withContext } from '../process/context/request-context.js';
import { isSampled, toSpanContext, toTraceparent } from '../process/context/traceparent.js';

// Requests, calls and statements create their spans with these functions. The current span is the `traceparent` of the request context, so
// everything sent, stored or logged within it names that span. While tracing is off, or the current trace is not exported, they only do the work.

let tracing: Tracing | undefined;

/** Turns tracing on for this process, or off. */
export function useTracing(next: Tracing | undefined): void {
  tracing = next;
}

export function isTracing(): boolean {
  return tracing !== undefined;
}

/**
 * Does `work` within a span, the child of the current one. The span has failed when `work` does.
 *
 * @param describe called with `subject` when there is a span to describe
 */
export function inSpan<Subject, T>(
  describe: (subject: Subject) => SpanDescription,
  subject: Subject,
  work: (span?: Span) => Promise<T>,
): Promise<T> {
  if (!tracing) return work();
  const context = currentContext();
  if (!context || !isSampled(context.traceparent)) return work();
  const span = startSpan(tracing, describe(subject), context.traceparent);
  const within = { ...context, traceparent: toTraceparent(span.spanContext()) };
  return withContext(within, () => endingWith([span], () => work(span)));
}

/** Does `work` once for several traces, with a span in each. Spans created by `work` are in the first one. */
export function inSpanOfEach<Subject extends { traceparent?: string | null | undefined }, T>(
  describe: (subject: Subject) => SpanDescription,
  subjects: readonly Subject[],
  work: () => Promise<T>,
): Promise<T> {
  const own = tracing;
  if (!own) return work();
  const spans = subjects.flatMap((subject) =>
    isSampled(subject.traceparent) ? startSpan(own, describe(subject), subject.traceparent) : [],
  );
  const [first] = spans;
  if (!first) return work();
  const context = currentContext() ?? { requestId: '' };
  const within = { ...context, traceparent: toTraceparent(first.spanContext()) };
  return withContext(within, () => endingWith(spans, work));
}

/** Does `work` outside any trace; its calls to other services do not begin one either. */
export function outsideOfTraces<T>(work: () => T): T {
  if (!tracing) return work();
  const context = currentContext() ?? { requestId: '' };
  return withContext({ ...context, traceparent: toTraceparent(tracing.unsampled()) }, work);
}

/** A span of something that has ended. */
export interface PastSpan extends SpanDescription {
  /** The traceparent of its parent. */
  parent: string;
  /** Default: a new one. */
  spanId?: string;
  start: Date;
  end: Date;
  /** How it failed, in our own words. */
  error?: string | undefined;
}

/** Records something that no single process saw from beginning to end. */
export function recordSpan({ parent, spanId, start, end, error, ...description }: PastSpan): void {
  if (!tracing || !isSampled(parent)) return;
  const span = startSpan(tracing, description, parent, { start, spanId });
  if (error !== undefined) tracing.fail(span, error);
  span.end(end);
}

/**
 * Begins the span of a request that has come in.
 *
 * @param traceparent the caller's; without one, it begins a trace, and the sampler decides whether that is exported
 * @returns undefined when tracing is off, and when the caller's trace is not exported
 */
export function startServerSpan(method: string, traceparent: string | undefined): Span | undefined {
  if (!tracing || (traceparent !== undefined && !isSampled(traceparent))) return undefined;
  const attributes = { 'http.request.method': method };
  return startSpan(tracing, { name: method, kind: 'server', attributes }, traceparent);
}

interface EndedRequest {
  method: string;
  route: string | undefined;
  status: number;
  /** False when the client disconnected before it had the whole response. */
  finished: boolean;
  /** The owner of the trace that it began; undefined without an owner, and when it is part of another trace. */
  ownerMark: string | undefined;
}

export function endServerSpan(
  span: Span,
  { method, route, status, finished, ownerMark }: EndedRequest,
): void {
  if (route !== undefined) span.updateName(`${method} ${route}`).setAttribute('http.route', route);
  if (finished) span.setAttribute('http.response.status_code', status);
  else span.setAttribute('error.type', 'client_left');
  if (ownerMark !== undefined) span.setAttribute('millrace.owner_mark', ownerMark);
  if (finished && status >= 500) tracing?.fail(span);
  span.end();
}

/** Marks a span as failed. The kind of error says enough: its message may contain personal data. */
export function failSpan(span: Span | undefined, error: unknown): void {
  if (span) tracing?.fail(span.setAttribute('error.type', typeOf(error)));
}

/** Its code (ECONNREFUSED, an SQLSTATE), else the name of its class. */
function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  return error.name === 'Error' ? error.constructor.name : error.name;
}

function startSpan(
  { startSpan: begin }: Tracing,
  description: SpanDescription,
  traceparent: string | undefined,
  past?: { start: Date; spanId: string | undefined },
): Span {
  const isRemote = description.kind === 'server' || description.kind === 'consumer';
  const parent = traceparent === undefined ? undefined : toSpanContext(traceparent, isRemote);
  return begin(description, parent, past);
}

async function endingWith<T>(spans: Span[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    for (const span of spans) failSpan(span, error);
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}
