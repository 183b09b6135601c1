/** Keeps requests away from a replica that fails, so that a broken one costs a request now and then and not every one. */
export interface CircuitBreaker {
  /** May a request go there now? When a rest is over, one may, as a trial; the others when that one succeeded. */
  allows(): boolean;
  /** A request is on its way there. */
  begin(): void;
  /** The replica answered, be it with an error of its own. */
  succeeded(): void;
  /** It could not be reached, broke off, or was silent. */
  failed(): void;
}

const FIRST_REST_MS = 1_000;
/** A replica that is back gets requests again within this time. */
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
      // Until the trial has ended, or for one more rest, nobody else goes.
      rest();
    },
    succeeded() {
      failures = 0;
      onTrial = false;
      restUntil = -Infinity;
    },
    failed() {
      // The many requests that one fault breaks off are one failure.
      if (now() < restUntil && !onTrial) return;
      failures += 1;
      onTrial = false;
      rest();
    },
  };
}
