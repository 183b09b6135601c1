import { type Trace, TRACE_SPANS_MAX, type TraceSpan } from '@millrace/contracts';
import { ownerMark } from '../process/context/ownership.js';
import type { Attribute, ExportedSpan, ResourceSpans } from './otlp.js';

interface Span {
  span: ExportedSpan;
  resource: Map<string, string>;
  attributes: Map<string, string>;
  /** Milliseconds since 1970. */
  start: number;
  end: number;
}

/** The spans of one trace that have arrived so far, in the order of a waterfall. Undefined when there are none. */
export function toTrace(exported: readonly ResourceSpans[]): Trace | undefined {
  const spans = spansOf(exported);
  const [first] = spans;
  if (!first) return undefined;
  const shown = inOrder(spans.slice(0, TRACE_SPANS_MAX));
  return {
    trace_id: first.span.traceId,
    started_at: new Date(first.start).toISOString(),
    duration_ms: spans.reduce((latest, { end }) => Math.max(latest, end), first.end) - first.start,
    spans: shown.map((placed) => toTraceSpan(placed, first.start)),
    omitted: spans.length - shown.length,
  };
}

/**
 * Whether a trace began with such a request (`POST /upload`) from this owner. That is only known once its first span has arrived.
 *
 * @param owner null for anyone's
 */
export function hasBegunWith(
  exported: readonly ResourceSpans[],
  { request, owner }: { request: string; owner: string | null },
): boolean {
  return exported.some(({ scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .filter(({ name, parentSpanId }) => name === request && parentSpanId === '')
      .some(
        ({ traceId, attributes }) =>
          owner === null || textsOf(attributes).get('millrace.owner_mark') === ownerMark(traceId, owner),
      ),
  );
}

/** Each once, by start time. */
function spansOf(exported: readonly ResourceSpans[]): Span[] {
  const byId = new Map<string, Span>();
  for (const { resource, scopeSpans } of exported) {
    const from = textsOf(resource.attributes);
    for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
      const start = toMs(span.startTimeUnixNano);
      const end = Math.max(start, toMs(span.endTimeUnixNano));
      byId.set(span.spanId, { span, resource: from, attributes: textsOf(span.attributes), start, end });
    }
  }
  return [...byId.values()].sort((one, other) => one.start - other.start);
}

interface PlacedSpan {
  span: Span;
  depth: number;
  isOrphan: boolean;
}

/** Each after its parent. Spans with a missing parent go into the attempt that was lost at that time, or else to the top. */
function inOrder(spans: readonly Span[]): PlacedSpan[] {
  const known = new Set(spans.map(({ span }) => span.spanId));
  const lost = spans.filter(({ attributes }) => attributes.get(OUTCOME) === 'lost');
  const children = new Map<string, Span[]>();
  for (const span of spans) {
    const { parentSpanId } = span.span;
    const parent = known.has(parentSpanId) ? parentSpanId : (parentSpanId && lostAround(span, lost)) || '';
    const siblings = children.get(parent);
    if (siblings) siblings.push(span);
    else children.set(parent, [span]);
  }
  const ordered: PlacedSpan[] = [];
  // Not recursive, because a chain of spans can be long. Each has one parent, so none appears twice.
  const open: PlacedSpan[] = [];
  const openChildren = (of: string, depth: number) => {
    for (const span of (children.get(of) ?? []).toReversed()) {
      const { parentSpanId } = span.span;
      open.push({ span, depth, isOrphan: parentSpanId !== '' && !known.has(parentSpanId) });
    }
  };
  openChildren('', 0);
  for (let next = open.pop(); next; next = open.pop()) {
    ordered.push(next);
    openChildren(next.span.span.spanId, next.depth + 1);
  }
  return ordered;
}

/** A killed worker loses its last spans, but not those of the services that it called. */
function lostAround({ start }: Span, lost: readonly Span[]): string | undefined {
  return lost.find((attempt) => attempt.start < start && start <= attempt.end)?.span.spanId;
}

function toTraceSpan({ span: placed, depth, isOrphan }: PlacedSpan, begin: number): TraceSpan {
  const { span, resource, attributes, start, end } = placed;
  const outcome = attributes.get(OUTCOME);
  const attempt = attributes.get('millrace.job.attempt');
  const type = typeOf(span, attributes);
  return {
    id: span.spanId,
    parent_id: span.parentSpanId || null,
    is_orphan: isOrphan,
    depth,
    type,
    name: span.name,
    service: resource.get('service.name') ?? '',
    pod: (type === 'attempt' ? attributes.get('millrace.pod') : resource.get('service.instance.id')) ?? null,
    start_ms: start - begin,
    duration_ms: end - start,
    attempt: attempt === undefined ? null : Number(attempt),
    outcome: outcome === 'completed' || outcome === 'failed' || outcome === 'lost' ? outcome : null,
    error:
      span.status.code === FAILED ? span.status.message || attributes.get('error.type') || 'failed' : null,
  };
}

const FAILED = 2;
const OUTCOME = 'millrace.job.outcome';
const TYPES_BY_KIND: Record<number, TraceSpan['type']> = { 2: 'request', 3: 'call', 4: 'publish', 5: 'work' };

function typeOf({ name, kind }: ExportedSpan, attributes: ReadonlyMap<string, string>): TraceSpan['type'] {
  if (name === 'wait jobs') return 'wait';
  if (name === 'attempt jobs') return 'attempt';
  const system = attributes.get('db.system.name');
  if (system === 'redis') return 'redis';
  return system === undefined ? (TYPES_BY_KIND[kind] ?? 'other') : 'sql';
}

function textsOf(attributes: readonly Attribute[]): Map<string, string> {
  return new Map(
    attributes.flatMap(({ key, value: { stringValue, intValue } }) => {
      const text = stringValue ?? intValue;
      return text === undefined ? [] : [[key, text] as const];
    }),
  );
}

function toMs(nanoseconds: string): number {
  return Number(nanoseconds) / 1e6;
}
