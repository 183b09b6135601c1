import { STATUS_CODES } from 'node:http';
import type { InputError } from '@millrace/contracts';

interface ProblemOptions {
  errors?: InputError[];
  headers?: Record<string, string>;
  cause?: unknown;
}

/** An error response, thrown where the problem is noticed; the error handler writes it as problem+json. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly title: string;
  readonly errors: InputError[] | undefined;
  readonly headers: Record<string, string>;

  /** @param detail a message for the client: what is wrong with this request, and how to fix it */
  constructor(status: number, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause });
    this.name = 'HttpProblem';
    this.status = status;
    this.title = STATUS_CODES[status] ?? 'Error';
    this.errors = options.errors;
    this.headers = options.headers ?? {};
  }
}

/**
 * 503: a dependency is down or too slow, or a limit is reached. Trying again later may help. The error handler adds whether that is
 * safe: see `workMayHaveBegun`.
 */
export class Unavailable extends HttpProblem {
  /** @param retryAfterSeconds for the Retry-After header. Default 1 */
  constructor(detail: string, options: { retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(503, detail, {
      headers: { 'Retry-After': String(options.retryAfterSeconds ?? 1) },
      cause: options.cause,
    });
    this.name = 'Unavailable';
  }
}

/** The client disconnected before the response. Nginx uses 499 for that. */
export class ClientLeft extends HttpProblem {
  constructor() {
    super(499, 'The client left before the answer was ready.');
    this.name = 'ClientLeft';
  }
}

/** 429: others are waiting and this client uses more than its share, or it has sent more than it may. */
export class TooManyRequests extends HttpProblem {
  /** @param retryAfterSeconds for the Retry-After header. Default 1 */
  constructor(
    detail: string,
    options: { retryAfterSeconds?: number; headers?: Record<string, string> } = {},
  ) {
    super(429, detail, {
      headers: { ...options.headers, 'Retry-After': String(options.retryAfterSeconds ?? 1) },
    });
    this.name = 'TooManyRequests';
  }
}

export function notFound(detail: string): HttpProblem {
  return new HttpProblem(404, detail);
}
