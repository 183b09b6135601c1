import type { Logger } from '../process/logger.js';

/** Asked every few seconds by machines: not worth a line each. */
const PROBES = new Set(['/livez', '/readyz', '/health', '/metrics']);

/** What is known of a request when it is over. */
export interface EndedRequest {
  requestId: string;
  traceparent: string | undefined;
  method: string;
  path: string;
  status: number;
  ms: number;
  /** Whether the client has the whole answer; false: it left before. */
  finished: boolean;
}

/** One line a request, when it is over: method, path, status and milliseconds. No query, no headers, no bodies. */
export function requestLog(logger: Logger): (request: EndedRequest) => void {
  // None of that can be a secret, and to look for one costs more than the line.
  const plain = logger.child({}, { redact: [] });
  return ({ requestId, traceparent, method, path, status, ms, finished }) => {
    if (PROBES.has(path)) return;
    const line = {
      // The event that ends a request knows nothing of its context.
      request_id: requestId,
      traceparent,
      method,
      path,
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
