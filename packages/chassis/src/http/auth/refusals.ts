import { HttpProblem } from '../problem.js';

/** A realm is for people who read a challenge; clients ignore it. */
const REALM = 'Bearer realm="millrace"';

/** 401, RFC 6750, section 3: to a request without any token, the challenge names no error. */
export function tokenMissing(): HttpProblem {
  return challenge(401, 'Send an access token: Authorization: Bearer TOKEN.', REALM);
}

/** @param reason a sentence in ASCII without quotes */
export function tokenInvalid(reason: string, cause?: unknown): HttpProblem {
  return challenge(401, reason, `${REALM}, error="invalid_token", error_description="${reason}"`, cause);
}

export function scopeMissing(scope: string): HttpProblem {
  return challenge(
    403,
    `The access token lacks the scope ${scope}.`,
    `${REALM}, error="insufficient_scope", scope="${scope}"`,
  );
}

export function notAService(): HttpProblem {
  return new HttpProblem(
    403,
    'Only other services may call this. They must all have the same SERVICE_TOKEN.',
  );
}

function challenge(status: number, detail: string, header: string, cause?: unknown): HttpProblem {
  return new HttpProblem(status, detail, { headers: { 'WWW-Authenticate': header }, cause });
}
