import { randomUUID } from 'node:crypto';
import {
  CLIENT_ADDRESS,
  REQUEST_ID,
  REQUEST_ID_PATTERN,
  SERVED_BY,
  TIMEOUT_MS,
  TIMEOUT_MS_PATTERN,
  TRACEPARENT,
  TRACEPARENT_PATTERN,
  TRACERESPONSE,
} from '@millrace/contracts';
import type { Request, RequestHandler } from 'express';
import { clientOf } from './client-address.js';
import type { Lifecycle } from '../process/lifecycle.js';
import type { Logger } from '../process/log/logger.js';
import { ownerMark } from '../process/context/ownership.js';
import { type RequestContext, withContext } from '../process/context/request-context.js';
import { toTraceparent } from '../process/context/traceparent.js';
import { endServerSpan, startServerSpan } from '../telemetry/spans.js';
import { PROBES, requestLog } from './request-log.js';
import { countRequest } from './request-metrics.js';
import { NO_ROUTE, routeOf } from './route-pattern.js';
import { requestSignals } from './request-signal.js';
import { SECURITY_HEADERS } from './security-headers.js';

export interface RequestFrontOptions {
  pod: string;
  lifecycle: Lifecycle;
  logger: Logger;
  /** Whether the routes decide when a body announced by `Expect: 100-continue` may be sent. Default: right away. */
  continueByRoutes?: boolean | undefined;
}

/**
 * The first handler of every request, in one piece because each handler and each listener costs time.
 * It keeps a valid X-Request-Id or generates one, and begins a span in the caller's trace or in a new one; stores the id, the span,
 * the client and the deadline in the request context; and adds the names of request and replica and the security headers to the response. When
 * the request is over, its span ends, and it is counted and logged.
 */
export function requestFront(options: RequestFrontOptions): RequestHandler {
  const { pod, lifecycle, logger, continueByRoutes = false } = options;
  const log = requestLog(logger);
  const signalUntil = requestSignals(lifecycle);
  return (req, res, next) => {
    if (req.headers.expect && !continueByRoutes) res.writeContinue();
    const begun = performance.now();
    const { method } = req;
    const isProbe = PROBES.has(req.path);
    const requestId = valid(req, REQUEST_ID_HEADER, REQUEST_ID_PATTERN) ?? randomUUID();
    const caller = valid(req, TRACEPARENT_HEADER, TRACEPARENT_PATTERN);
    const span = isProbe ? undefined : startServerSpan(method, caller);
    const traceparent = span ? toTraceparent(span.spanContext()) : caller;
    const timeoutMs = valid(req, TIMEOUT_MS_HEADER, TIMEOUT_MS_PATTERN);
    const deadline = timeoutMs === undefined ? undefined : begun + Number(timeoutMs);
    const client = clientOf(header(req, CLIENT_HEADER) ?? req.socket.remoteAddress);
    const cancellation = signalUntil(deadline);

    res.setHeader(REQUEST_ID, requestId);
    res.setHeader(SERVED_BY, pod);
    if (span && !caller) res.setHeader(TRACERESPONSE, traceparent!);
    for (const [name, value] of SECURITY_HEADERS) res.setHeader(name, value);
    // Makes keep-alive clients reconnect elsewhere: otherwise closing a busy server never ends.
    if (lifecycle.phase() === 'draining') res.setHeader('Connection', 'close');

    // Not `finish`, which never fires when the client disconnects first.
    res.on('close', () => {
      const ms = performance.now() - begun;
      const finished = res.writableFinished;
      cancellation.end(finished);
      countRequest(req, res, { status: finished ? res.statusCode : 499, seconds: ms / 1_000, traceparent });
      if (isProbe) return;
      const route = routeOf(req);
      const { statusCode: status } = res;
      if (span) {
        const { owner } = context.principal ?? {};
        const isBegunFor = caller === undefined && owner !== undefined;
        const mark = isBegunFor ? ownerMark(span.spanContext().traceId, owner) : undefined;
        endServerSpan(span, { method, route, status, finished, ownerMark: mark });
      }
      log({ requestId, traceparent, method, route: route ?? NO_ROUTE, status, ms, finished });
    });
    const signal = cancellation.get;
    const effects = { begun: false };
    const context: RequestContext = {
      requestId,
      traceparent,
      client,
      deadline,
      cancellation,
      signal,
      effects,
    };
    withContext(context, next);
  };
}

const [REQUEST_ID_HEADER, TRACEPARENT_HEADER, TIMEOUT_MS_HEADER, CLIENT_HEADER] = [
  REQUEST_ID,
  TRACEPARENT,
  TIMEOUT_MS,
  CLIENT_ADDRESS,
].map((name) => name.toLowerCase()) as [string, string, string, string];

/** @param name in lower case; not Set-Cookie, whose values are a list */
function header(req: Request, name: string): string | undefined {
  return req.headers[name] as string | undefined;
}

function valid(req: Request, name: string, pattern: RegExp): string | undefined {
  const value = header(req, name);
  return value !== undefined && pattern.test(value) ? value : undefined;
}
