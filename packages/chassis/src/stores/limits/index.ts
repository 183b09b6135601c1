/** What clients may do, over all replicas. */
export { createAllowance } from './allowance.js';
export { createRateLimits, type RateLimits } from './rate-limits.js';
