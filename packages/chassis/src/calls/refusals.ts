import { problemSchema } from '@millrace/contracts';
import { HttpProblem, Unavailable } from '../http/problem.js';
import type { ServiceResponse } from './exchange.js';

/** 422: each time a replica had the input, the connection broke. The input may be what kills the replicas. */
export class BrokenByInput extends HttpProblem {
  constructor(service: string, cause: unknown) {
    super(422, `${service} crashed while processing this input.`, { cause });
    this.name = 'BrokenByInput';
  }
}

/** What a client reads when no replica takes its request. */
export const busy = (name: string) => `${name} cannot take this request right now. Try again in a moment.`;

/** A replica's 503, as it is passed on to the client. */
export function full(name: string, response: ServiceResponse): Unavailable {
  return new Unavailable(busy(name), {
    retryAfterSeconds: Number(response.headers['retry-after']) || 1,
    cause: refusal(name, response),
  });
}

/** The service's own words for a 4xx; 502 for everything else. */
export function refusal(name: string, response: ServiceResponse): HttpProblem {
  if (response.status >= 400 && response.status < 500) {
    const problem = problemSchema.safeParse(parseJson(response.body)).data;
    if (problem) {
      return new HttpProblem(
        problem.status,
        problem.detail,
        problem.errors ? { errors: problem.errors } : {},
      );
    }
  }
  return new HttpProblem(502, `${name} could not handle this request.`, {
    cause: new Error(`${name} answered ${response.status}: ${response.body.toString('utf8', 0, 500)}`),
  });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
