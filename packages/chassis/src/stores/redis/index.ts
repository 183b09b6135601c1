export * from './client.js';
export { redisMetrics } from './metrics.js';
