/** How work is bounded, shared, batched and repeated. */
export { coalesce } from './coalesce.js';
export { retryForever } from './retry.js';
export { shareFor } from './share-for.js';
export { createWorkLimiter, type WorkLimiter, type WorkOptions } from './work-limiter.js';
export { within } from './within.js';
