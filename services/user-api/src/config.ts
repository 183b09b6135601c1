import { postgresConfig, rateLimitConfig, redisForLimit, serviceConfig } from '@millrace/chassis/process';

export const configSchema = serviceConfig
  .extend({ ...postgresConfig.shape, ...rateLimitConfig.shape })
  .refine(...redisForLimit('RATE_LIMIT_PER_SECOND'));
