import type { Trace } from '@millrace/contracts';
import { Agent, errors, request } from 'undici';
import { z } from 'zod';
import { HttpProblem, notFound, Unavailable } from '../http/problem.js';
import { currentSignal, withTimeout } from '../process/context/request-context.js';
import { traceFields } from '../process/context/traceparent.js';
import { createWorkLimiter } from '../work/work-limiter.js';
import { exportRequestSchema, type ResourceSpans } from './otlp.js';
import { hasBegunWith, toTrace } from './to-trace.js';

export interface TraceReader {
  /**
   * The trace that a traceparent belongs to, with the spans that have arrived so far.
   *
   * @param traceparent undefined or null when there was none
   * @throws HttpProblem 404 when there is none: not exported, not arrived yet, or already dropped; 502 when it cannot be shown; 503 while the store
   *   cannot be read
   */
  read(traceparent: string | null | undefined): Promise<Trace>;
  /**
   * The trace with an id from a client, if it began with such a request (`POST /upload`) from this owner.
   *
   * @param owner null for anyone's
   * @throws as `read`; 404 for all others
   */
  readBegunWith(id: string, begun: { request: string; owner: string | null }): Promise<Trace>;
  close(): Promise<void>;
}

/** Parsing takes several times the size in memory, and blocks everything else: some 80 ms per MiB. */
const READS_AT_ONCE = 1;
const READS_WAITING = 20;
/** Several times as much as is shown (TRACE_SPANS_MAX). */
const MAX_BYTES = 2 * 1024 ** 2;
/** Including waiting. A client must hear of a fault within 5 s. */
const TIMEOUT_MS = 3_500;

const answerSchema = z.object({ result: exportRequestSchema });

/** @param url of Jaeger's query API, or of a store that answers as it does (`GET /api/v3/traces/:id`) */
export function createTraceReader(url: string): TraceReader {
  const base = url.replace(/\/+$/, '');
  const dispatcher = new Agent({ maxResponseSize: MAX_BYTES, connectTimeout: TIMEOUT_MS });
  const reads = createWorkLimiter({
    name: 'trace_reads',
    concurrency: READS_AT_ONCE,
    queueLimit: READS_WAITING,
  });

  const fetchSpans = async (id: string): Promise<ResourceSpans[]> => {
    const signal = currentSignal() ?? null;
    const { statusCode, body } = await request(`${base}/api/v3/traces/${id}`, { dispatcher, signal }).catch(
      away,
    );
    const text = await body.text().catch(away);
    if (statusCode === 404) return [];
    if (statusCode !== 200) away(new Error(`the trace store answered ${statusCode}`));
    const { data, error } = answerSchema.safeParse(parseJson(text));
    if (!data) throw new HttpProblem(502, 'The trace store sent an unexpected response.', { cause: error });
    return data.result.resourceSpans;
  };
  const inTurn = (id: string) => withTimeout(TIMEOUT_MS, () => reads.run(() => fetchSpans(id)));

  return {
    async read(traceparent) {
      const { trace_id: id } = traceFields(traceparent ?? undefined);
      return shown(id === undefined ? [] : await inTurn(id));
    },
    async readBegunWith(id, begun) {
      const spans = await inTurn(id);
      return shown(hasBegunWith(spans, begun) ? spans : []);
    },
    close: () => dispatcher.destroy(),
  };
}

function shown(spans: readonly ResourceSpans[]): Trace {
  const trace = toTrace(spans);
  if (!trace)
    throw notFound(
      'There is no trace of this. Only the latest traces are kept, and they arrive a moment after the work.',
    );
  return trace;
}

function away(cause: unknown): never {
  if (cause instanceof errors.ResponseExceededMaxSizeError)
    throw new HttpProblem(502, `The trace is too large to show: more than ${MAX_BYTES / 1024 ** 2} MiB.`);
  throw new Unavailable('Traces cannot be read right now. Try again in a moment.', { cause });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
