/** Bounds how much retries may add to the load of a service in trouble. */
export interface RetryBudget {
  /** A request begins: it earns a fraction of a retry. */
  earn(): void;
  /** Spends one retry. @returns false when none is left */
  spend(): boolean;
  left(): number;
  spent(): number;
}

const EARNED_PER_REQUEST = 0.2;
/** Also the initial budget: enough for the moment when a replica disappears with all its requests. */
const MOST = 50;

/** In the long run at most one retry for every five requests, and 50 in a row. */
export function createRetryBudget(): RetryBudget {
  let attempts = MOST;
  let spent = 0;
  return {
    earn() {
      attempts = Math.min(MOST, attempts + EARNED_PER_REQUEST);
    },
    spend() {
      if (attempts < 1) return false;
      attempts -= 1;
      spent += 1;
      return true;
    },
    left: () => attempts,
    spent: () => spent,
  };
}
