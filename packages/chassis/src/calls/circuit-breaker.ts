/** Keeps requests away from a failing replica, so that it costs a request now and then rather than every request. */
export interface CircuitBreaker {
  /** Whether a request may go there now. When a pause is over, one may, as a trial; the others follow when it has succeeded. */
  allows(): boolean;
  /** A request is on its way there. */
  begin(): void;
  /** The replica responded, even if with an error. */
  succeeded(): void;
  /** It could not be reached, broke the connection, or did not respond. */
  failed(): void;
}

const FIRST_REST_MS = 1_000;
/** A recovered replica gets requests again within this time. */
const LONGEST_REST_MS = 4_000;

export function createCircuitBreaker(now: () => number = () => performance.now()): CircuitBreaker {
  let failures = 0;
  let restUntil = -Infinity;
  let onTrial = false;

  const rest = () => {
    restUntil = now() + Math.min(FIRST_REST_MS * 2 ** (failures - 1), LONGEST_REST_MS);
  };

  return {
    allows: () => now() >= restUntil,
    begin() {
      if (failures === 0) return;
      onTrial = true;
      // Until the trial has ended, or for one more pause, no other request goes there.
      rest();
    },
    succeeded() {
      failures = 0;
      onTrial = false;
      restUntil = -Infinity;
    },
    failed() {
      // Many requests that fail because of one fault count as one failure.
      if (now() < restUntil && !onTrial) return;
      failures += 1;
      onTrial = false;
      rest();
    },
  };
}
