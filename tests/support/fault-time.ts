/**
 * Clients hear of a fault within 5 s: the product's timeouts add up to less. A busy machine adds to any of them, so tests allow twice that;
 * only a wait without a timeout takes longer.
 */
export const FAULT_ANSWER_MS = 10_000;
