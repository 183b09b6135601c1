import type { Logger } from '../process/log/logger.js';
import { traceFields } from '../process/context/traceparent.js';

/** Requested by machines every few seconds: not worth a log line or a trace. */
export const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/health']);

/** A finished request. */
export interface EndedRequest {
  requestId: string;
  traceparent: string | undefined;
  method: string;
  /** The pattern of the route, such as /tasks/:id; `none` without one. */
  route: string;
  status: number;
  ms: number;
  /** Whether the client got the complete response; false when it disconnected first. */
  finished: boolean;
}

/**
 * Logs one line per finished request: method, route, status and milliseconds. It contains nothing that a client invented: no path, which
 * may contain a title, no query, no headers, no bodies.
 */
export function requestLog(logger: Logger): (request: EndedRequest) => void {
  // None of that can be a secret, and redaction would cost more than the line.
  const plain = logger.child({}, { redact: [] });
  return ({ requestId, traceparent, method, route, status, ms, finished }) => {
    const line = {
      // The event that ends a request runs outside of its context.
      request_id: requestId,
      ...traceFields(traceparent),
      method,
      route,
      status,
      ms: Math.round(ms),
      aborted: finished ? undefined : true,
    };
    plain[levelOf(status)](line, 'request');
  };
}

function levelOf(status: number) {
  if (status >= 500) return 'error';
  return status >= 400 ? 'warn' : 'info';
}
