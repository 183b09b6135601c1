/** Bounds how much further attempts may add to the load of a service that is in trouble. */
export interface RetryBudget {
  /** A request begins: it earns a part of a further attempt. */
  earn(): void;
  /** Takes one attempt out of the budget. @returns false when there is none left */
  spend(): boolean;
  left(): number;
  spent(): number;
}

const EARNED_PER_REQUEST = 0.2;
/** Also what there is at the start: enough for a moment in which a replica goes with all that it holds. */
const MOST = 50;

/** In the long run at most one further attempt for five requests, and 50 in a row. */
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
