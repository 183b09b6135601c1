/** What a span has in an export (OTLP in JSON). Default: a root of 10 ms that begins a second after 1970. */
export interface MadeSpan {
  trace: number;
  span: number;
  parent?: number;
  name?: string;
  kind?: number;
  /** Milliseconds. */
  start?: number;
  ms?: number;
  attributes?: Record<string, string | number>;
  error?: string;
}

const hex = (number: number, bytes: number) => number.toString(16).padStart(2 * bytes, '0');
export const traceIdOf = (number: number) => hex(number, 16);

/** The body of an export, as an exporter of OpenTelemetry writes it. */
export function exportOf(spans: readonly MadeSpan[], pod = 'things-1') {
  return {
    resourceSpans: [
      {
        resource: {
          attributes: attributesOf({ 'service.name': 'things', 'service.instance.id': pod }),
          droppedAttributesCount: 0,
        },
        scopeSpans: [{ scope: { name: 'millrace' }, spans: spans.map(toOtlp) }],
      },
    ],
  };
}

function toOtlp({
  trace,
  span,
  parent,
  name = 'GET /things',
  kind = 1,
  start = 1_000,
  ms = 10,
  ...rest
}: MadeSpan) {
  return {
    traceId: traceIdOf(trace),
    spanId: hex(span, 8),
    ...(parent !== undefined && { parentSpanId: hex(parent, 8) }),
    name,
    kind,
    startTimeUnixNano: String(start * 1e6),
    endTimeUnixNano: String((start + ms) * 1e6),
    attributes: attributesOf(rest.attributes ?? {}),
    droppedAttributesCount: 0,
    events: [],
    links: [],
    status: rest.error === undefined ? { code: 0 } : { code: 2, message: rest.error },
    flags: 257,
  };
}

function attributesOf(values: Record<string, string | number>) {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: value } : { stringValue: value },
  }));
}
