export { connectRedis, execute, type Redis, redisCheck, whileRedisAnswers } from './client.js';
export { declareRedisMetrics } from './metrics.js';
