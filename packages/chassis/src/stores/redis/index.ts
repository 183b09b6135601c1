export { connectRedis, execute, type Redis, redisCheck, whileRedisAnswers } from './client.js';
export { declareRedisMetrics } from './metrics.js';
export { createRateLimit, type RateLimit, type RateLimitOptions } from './rate-limit.js';
