import type { Trace } from '@millrace/contracts';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { HttpProblem, notFound, Unavailable } from '../http/problem.js';
import { traceFields } from '../process/context/traceparent.js';
import { createWorkLimiter } from '../work/work-limiter.js';
import { exportRequestSchema } from './otlp.js';
import { toTrace } from './to-trace.js';

export interface TraceReader {
  /**
   * The trace that a traceparent belongs to, as far as its spans have come.
   *
   * @param traceparent undefined or null when there was none
   * @throws HttpProblem 404 when it is not there: not exported, not yet, or no longer; 503 while the store cannot be read
   */
  read(traceparent: string | null | undefined): Promise<Trace>;
  close(): Promise<void>;
}

/** Parsing one takes several times its size, and time in which nothing else is done. */
const READS_AT_ONCE = 1;
const READS_WAITING = 20;
const MAX_BYTES = 4 * 1024 ** 2;
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

  const fetchTrace = async (id: string): Promise<Trace | undefined> => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { statusCode, body } = await request(`${base}/api/v3/traces/${id}`, { dispatcher, signal }).catch(
      away,
    );
    const text = await body.text().catch(away);
    if (statusCode === 404) return undefined;
    if (statusCode !== 200) away(new Error(`the store of traces answered ${statusCode}`));
    const { data, error } = answerSchema.safeParse(parseJson(text));
    if (!data)
      throw new HttpProblem(502, 'The store of traces sent an unexpected response.', { cause: error });
    return toTrace(data.result.resourceSpans);
  };

  return {
    async read(traceparent) {
      const { trace_id: id } = traceFields(traceparent ?? undefined);
      const trace =
        id === undefined ? undefined : await reads.run(() => fetchTrace(id), { waitMs: TIMEOUT_MS });
      if (!trace)
        throw notFound('There is no trace of this. The latest ones are kept, a moment after the work.');
      return trace;
    },
    close: () => dispatcher.destroy(),
  };
}

function away(cause: unknown): never {
  throw new Unavailable('Traces cannot be read right now. Try again in a moment.', { cause });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
