import type { Problem } from '@millrace/contracts';

interface FailureDetails {
  /** What is wrong, by field. */
  fields?: Record<string, string>;
  /** How long the server asks to wait. */
  retryAfterMs?: number | undefined;
  /** Whether the work had begun; undefined when the response does not say. */
  begun?: boolean | undefined;
  /** The id of the trace, if it can be read. */
  traceId?: string | undefined;
}

/** A failed request, with a message to show. */
export class Failure extends Error {
  /** 0: no response. */
  readonly status: number;
  readonly fields: Record<string, string>;
  readonly retryAfterMs: number | undefined;
  readonly begun: boolean | undefined;
  readonly traceId: string | undefined;

  constructor(
    message: string,
    status: number,
    { fields = {}, retryAfterMs, begun, traceId }: FailureDetails = {},
  ) {
    super(message);
    this.status = status;
    this.fields = fields;
    this.retryAfterMs = retryAfterMs;
    this.begun = begun;
    this.traceId = traceId;
  }

  /** Whether it is shown at the fields it is about. */
  get isAboutFields(): boolean {
    return Object.keys(this.fields).length > 0;
  }
}

/** Turns anything that was thrown into something to show. */
export function asFailure(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure('Something went wrong on this page.', 0);
}

const unreachableListeners = new Set<() => void>();

/** Calls back whenever a request gets no response. */
export function onUnreachable(listener: () => void): void {
  unreachableListeners.add(listener);
}

/** The request got no response. */
export function unreachable(): Failure {
  for (const listener of unreachableListeners) listener();
  return new Failure('The server cannot be reached.', 0);
}

/** The response is not what was asked for, such as a proxy's page. */
export function unreadable(): Failure {
  return new Failure('The server sent an unexpected response. Try again.', 502);
}

/**
 * From a response with a status other than 2xx.
 *
 * @param header reads one of its headers
 * @param body problem+json, usually
 */
export function failureFrom(status: number, header: (name: string) => string | null, body: unknown): Failure {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<Problem>;
  const retryAfterMs = millisecondsOf(header('Retry-After'));
  const errors = Array.isArray(problem.errors) ? problem.errors : [];
  const missing = status === 403 ? missingScope(header('WWW-Authenticate')) : undefined;
  const message = missing === undefined ? detailOf(status, problem, retryAfterMs) : lacks(missing);
  return new Failure(message, status, {
    fields: Object.fromEntries(errors.map(({ path, message }) => [path, message])),
    retryAfterMs,
    begun: problem.work_begun,
    traceId: exportedTrace(header('traceresponse')),
  });
}

/** The trace that a response names, if its spans are exported. https://w3c.github.io/trace-context/#traceresponse-header */
function exportedTrace(traceresponse: string | null): string | undefined {
  return /^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/.exec(traceresponse ?? '')?.[1];
}

/** The scope that the token lacks (RFC 6750, 3). */
function missingScope(challenge: string | null): string | undefined {
  return /error="insufficient_scope".*\bscope="([^"]{1,100})"/.exec(challenge ?? '')?.[1];
}

function lacks(scope: string): string {
  return `You may not do this: your account lacks the right “${scope}”.`;
}

function detailOf(status: number, { detail }: Partial<Problem>, retryAfterMs: number | undefined): string {
  if (status === 429 && retryAfterMs !== undefined)
    return `Too many requests. Try again in ${Math.ceil(retryAfterMs / 1_000)} s.`;
  return typeof detail === 'string' ? detail : `The server responded with status ${status}.`;
}

const LONGEST_WAIT_MS = 300_000;

/** Parses a Retry-After header: seconds, or a date (RFC 9110, 10.2.3). */
function millisecondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_WAIT_MS, Math.max(1_000, ms));
}

/** What it means to repeat a request. */
export type Repetition =
  /** It changes nothing more. */
  | 'harmless'
  /** It changes nothing more, because it has an Idempotency-Key. */
  | 'keyed'
  /** The work is done a second time. */
  | 'again';

/** Adds what to do next when it is unclear whether the work was done. */
export function withAdvice(failure: Failure, repetition: Repetition): Failure {
  const { status, message, begun } = failure;
  // The message of a 504 already says it.
  if (repetition === 'harmless' || ![0, 502, 503].includes(status)) return failure;
  const advice =
    begun === false
      ? 'Nothing has been started. Try again.'
      : repetition === 'keyed'
        ? 'It may have been started. Try again: it will not be done twice.'
        : 'It may have been started: check the list before you try again.';
  const said = message.replace(/ Try again[^.]*\.$/, '');
  return new Failure(`${said} ${advice}`, status, failure);
}
