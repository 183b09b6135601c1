import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A span as it was exported. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  /** Undefined: it is the root of its trace. */
  parentSpanId: string | undefined;
  name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer */
  kind: number;
  /** Milliseconds since 1970. */
  start: number;
  end: number;
  attributes: Record<string, unknown>;
  events: string[];
  /** 2: it has failed. */
  status: { code?: number; message?: string };
  /** The service that made it, and the replica. */
  service: string;
  pod: string;
}

/** A collector that stores what it receives: OTLP as JSON over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  /** In the order of arrival, each once. */
  readonly spans: ReceivedSpan[];
  of(traceId: string): ReceivedSpan[];
  close(): Promise<void>;
}

interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}

interface ExportRequest {
  resourceSpans?: {
    resource: { attributes: KeyValue[] };
    scopeSpans: { spans: OtlpSpan[] }[];
  }[];
}

interface OtlpSpan extends Pick<ReceivedSpan, 'traceId' | 'spanId' | 'name' | 'kind' | 'status'> {
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: KeyValue[];
  events?: { name: string }[];
}

/** Far more than any test creates. */
const MAX_SPANS = 200_000;
const MAX_BODY_BYTES = 16 * 1024 ** 2;

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans = new Map<string, ReceivedSpan>();

  const receive = (body: string) => {
    for (const { resource, scopeSpans } of (JSON.parse(body) as ExportRequest).resourceSpans ?? []) {
      const from = valuesOf(resource.attributes);
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        if (spans.size === MAX_SPANS) throw new Error(`more than ${MAX_SPANS} spans`);
        spans.set(`${span.traceId}/${span.spanId}`, toReceived(span, from));
      }
    }
  };

  const server = createServer((req, res) => {
    let body = '';
    req.setEncoding('utf8');
    req.on('data', (text: string) => {
      body += text;
      if (body.length > MAX_BODY_BYTES) req.destroy();
    });
    req.on('end', () => {
      if (req.method !== 'POST' || req.url !== '/v1/traces') return res.writeHead(404).end();
      receive(body);
      return res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get spans() {
      return [...spans.values()];
    },
    of: (traceId) => [...spans.values()].filter((span) => span.traceId === traceId),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function toReceived(span: OtlpSpan, from: Record<string, unknown>): ReceivedSpan {
  const { traceId, spanId, parentSpanId, name, kind, status } = span;
  return {
    ...{ traceId, spanId, name, kind, status },
    parentSpanId: parentSpanId === '' ? undefined : parentSpanId,
    start: Number(span.startTimeUnixNano) / 1e6,
    end: Number(span.endTimeUnixNano) / 1e6,
    attributes: valuesOf(span.attributes),
    events: (span.events ?? []).map((event) => event.name),
    service: String(from['service.name']),
    pod: String(from['service.instance.id']),
  };
}

function valuesOf(attributes: KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

/**
 * A trace as a tree of names, for comparing: `{ 'web-gateway POST /upload': { … } }`. Siblings with the same name
 * appear once.
 */
export type SpanTree = { [name: string]: SpanTree };

export function treeOf(spans: ReceivedSpan[], parent?: string): SpanTree {
  const tree: SpanTree = {};
  for (const span of spans.filter(({ parentSpanId }) => parentSpanId === parent)) {
    const name = `${span.service}: ${span.name}`;
    tree[name] = { ...tree[name], ...treeOf(spans, span.spanId) };
  }
  return tree;
}

/** The spans whose parent was never exported. */
export function orphansOf(spans: ReceivedSpan[]): ReceivedSpan[] {
  const known = new Set(spans.map(({ traceId, spanId }) => `${traceId}/${spanId}`));
  return spans.filter(
    ({ traceId, parentSpanId }) => parentSpanId !== undefined && !known.has(`${traceId}/${parentSpanId}`),
  );
}
