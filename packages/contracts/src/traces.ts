import { z } from 'zod';

/** How many spans of a trace are shown: those that began first. */
export const TRACE_SPANS_MAX = 1_000;

const ms = z.number().min(0);

/** A piece of work, as recorded by the process that did it. */
export const traceSpanSchema = z.object({
  id: z.string(),
  /** Its parent span. */
  parent_id: z.string().nullable(),
  /** Whether the parent is missing in the trace: a killed process loses its last spans. */
  is_orphan: z.boolean(),
  /** How deeply it is nested. */
  depth: z.int().min(0),
  /**
   * `request`: a service handled one. `call`: a service waited for another one. `sql`, `redis`: a service waited for a server. `publish`: a job was put into
   * the queue. `wait`: a job waited for its attempt. `attempt`: a worker held a job. `work`: what it did in that time.
   */
  type: z.enum(['request', 'call', 'sql', 'redis', 'publish', 'wait', 'attempt', 'work', 'other']),
  name: z.string(),
  service: z.string(),
  /** The replica; of an attempt, the worker that held the job. */
  pod: z.string().nullable(),
  /** Since the trace began. */
  start_ms: ms,
  duration_ms: ms,
  /** The number of the attempt, or of the attempt that it waited for. */
  attempt: z.int().nullable(),
  /** How an attempt ended. */
  outcome: z.enum(['completed', 'failed', 'lost']).nullable(),
  /** Why it failed, in a few words. */
  error: z.string().nullable(),
});

/**
 * What was done for one request, in every process, and when. Only while TRACES_URL is set, and not part of the published description: it is
 * for the web UI, and its spans differ between versions.
 */
export const traceSchema = z.object({
  trace_id: z.string(),
  started_at: z.iso.datetime(),
  duration_ms: ms,
  /** Each after its parent; siblings in the order in which they began. */
  spans: z.array(traceSpanSchema).max(TRACE_SPANS_MAX),
  /** How many are not shown. */
  omitted: z.int().min(0),
});

export type TraceSpan = z.infer<typeof traceSpanSchema>;
export type Trace = z.infer<typeof traceSchema>;
