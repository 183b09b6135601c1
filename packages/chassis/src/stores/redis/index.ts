export { createAllowance } from './allowance.js';
export { connectRedis, execute, type Redis, redisCheck, whileRedisAnswers } from './client.js';
export { declareRedisMetrics } from './metrics.js';
export { createRateLimits, type RateLimits } from './rate-limits.js';
