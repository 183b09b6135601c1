import { STATUS_CODES } from 'node:http';
import { type Problem, WORK_BEGUN } from '@millrace/contracts';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { ClientLeft, HttpProblem, Unavailable } from './problem.js';
import type { Logger } from '../process/log/logger.js';
import { currentContext } from '../process/context/request-context.js';
import { timeIsOver } from './request-signal.js';

/** The end of the chain: no route handled the request. */
export const routeNotFound: RequestHandler = (req) => {
  throw new HttpProblem(404, `There is nothing at ${req.path.slice(0, 200)}.`);
};

/** Writes every error as RFC 9457 problem+json. Errors not meant for the client become a generic 500 and a log line. */
export function errorHandler(logger: Logger): ErrorRequestHandler {
  // Express recognizes an error handler by its four parameters.
  return (error: unknown, _req, res, next) => {
    const problem = toProblem(error);
    // The request's log line says that it was aborted.
    if (problem instanceof ClientLeft || res.closed) return;
    if (problem instanceof Unavailable) logger.warn({ err: error }, 'not available');
    else if (problem.status >= 500) logger.error({ err: error }, 'request failed');
    if (res.headersSent) {
      // The response has begun: abort it, so that the client does not take it for complete.
      next(error);
      return;
    }
    sendProblem(res, problem);
  };
}

function sendProblem(res: Response, problem: HttpProblem): void {
  const context = currentContext();
  const begun = problem instanceof Unavailable ? (context?.effects?.begun ?? true) : undefined;
  const body: Problem = {
    type: 'about:blank',
    title: problem.title,
    status: problem.status,
    detail: problem.message,
    request_id: context?.requestId ?? '',
    ...(begun !== undefined && { work_begun: begun }),
    ...(problem.errors && { errors: problem.errors }),
  };
  res
    .status(problem.status)
    .set({
      'Cache-Control': 'no-store',
      ...(begun !== undefined && { [WORK_BEGUN]: String(begun) }),
      ...problem.headers,
    })
    .type('application/problem+json')
    .send(JSON.stringify(body));
}

function toProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  const { name, cause, status, type } = (error ?? {}) as Record<
    'name' | 'cause' | 'status' | 'type',
    unknown
  >;
  // Functions that obey a signal reject with its reason, or wrap it (Node's own).
  if (name === 'AbortError' && cause !== undefined) return toProblem(cause);
  if (name === 'TimeoutError') return timeIsOver(error);
  const known = typeof type === 'string' ? BODY_PROBLEMS[type] : undefined;
  if (known) return new HttpProblem(known.status, known.detail, { cause: error });
  if (error instanceof URIError)
    return new HttpProblem(400, 'The path is not a valid percent-encoded UTF-8 string.');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new HttpProblem(status, `${STATUS_CODES[status] ?? 'Bad request'}.`, { cause: error });
  }
  return new HttpProblem(
    500,
    'Something went wrong on our side. Use the request id to find it in the logs.',
    {
      cause: error,
    },
  );
}

/** The errors of body-parser's `raw`, by their `type`: https://expressjs.com/en/resources/middleware/body-parser.html#errors */
const BODY_PROBLEMS: Record<string, { status: number; detail: string }> = {
  'encoding.unsupported': { status: 415, detail: 'The Content-Encoding of the body is not supported.' },
  'entity.too.large': { status: 413, detail: 'The body is too large.' },
  'request.aborted': { status: 400, detail: 'The body ended early.' },
  'request.size.invalid': {
    status: 400,
    detail: 'The length of the body does not match Content-Length.',
  },
};
