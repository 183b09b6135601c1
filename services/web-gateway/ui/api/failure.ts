import type { Problem } from '@millrace/contracts';
import { connectionLost } from '../state/connection.js';

interface FailureDetails {
  /** What is wrong with which field. */
  fields?: Record<string, string>;
  /** When the server wants to be asked again. */
  retryAfterMs?: number | undefined;
  /** Had the work begun? Undefined: the answer does not say. */
  begun?: boolean | undefined;
}

/** A request that did not succeed, in words that can be shown. */
export class Failure extends Error {
  /** 0: no answer at all. */
  readonly status: number;
  readonly fields: Record<string, string>;
  readonly retryAfterMs: number | undefined;
  readonly begun: boolean | undefined;

  constructor(message: string, status: number, { fields = {}, retryAfterMs, begun }: FailureDetails = {}) {
    super(message);
    this.status = status;
    this.fields = fields;
    this.retryAfterMs = retryAfterMs;
    this.begun = begun;
  }

  /** Is it about single fields, and told there? */
  get isAboutFields(): boolean {
    return Object.keys(this.fields).length > 0;
  }
}

/** Whatever was thrown, as something that can be shown. */
export function asFailure(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure('Something went wrong on this page.', 0);
}

/** Nobody answered. */
export function unreachable(): Failure {
  connectionLost();
  return new Failure('The server cannot be reached.', 0);
}

/** An answer came that is not what was asked for, such as a proxy's page. */
export function unreadable(): Failure {
  return new Failure('The server’s answer could not be read. Try again.', 502);
}

/**
 * From an answer other than 2xx.
 *
 * @param header reads one of its headers
 * @param body problem+json, if it is that
 */
export function failureFrom(status: number, header: (name: string) => string | null, body: unknown): Failure {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<Problem>;
  const retryAfterMs = millisecondsOf(header('Retry-After'));
  const errors = Array.isArray(problem.errors) ? problem.errors : [];
  return new Failure(detailOf(status, problem, retryAfterMs), status, {
    fields: Object.fromEntries(errors.map(({ path, message }) => [path, message])),
    retryAfterMs,
    begun: problem.work_begun,
  });
}

function detailOf(status: number, { detail }: Partial<Problem>, retryAfterMs: number | undefined): string {
  if (status === 429 && retryAfterMs !== undefined)
    return `Too many requests. Try again in ${Math.ceil(retryAfterMs / 1_000)} s.`;
  return typeof detail === 'string' ? detail : `The server answered ${status}.`;
}

const LONGEST_WAIT_MS = 300_000;

/** Of a Retry-After header: seconds, or a date (RFC 9110, 10.2.3). */
function millisecondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_WAIT_MS, Math.max(1_000, ms));
}

/** What a repetition of a request would do. */
export type Repetition =
  /** Nothing that the first did not do. */
  | 'harmless'
  /** Nothing, as it carries an Idempotency-Key. */
  | 'keyed'
  /** The work a second time. */
  | 'again';

/** The failure of a request, with what to do next where its answer leaves open whether the work was done. */
export function withAdvice(failure: Failure, repetition: Repetition): Failure {
  const { status, message, begun } = failure;
  // The sentence of a 504 says it already.
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
