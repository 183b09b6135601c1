import {
  postgresConfig,
  rateLimitConfig,
  redisForLimit,
  serviceConfig,
  urlList,
} from '@millrace/chassis/process';

const settings = serviceConfig.extend({
  ...postgresConfig.shape,
  ...rateLimitConfig.shape,
  /** Looks API keys up. */
  TASK_API_URLS: urlList,
});

export const configSchema = settings.refine(...redisForLimit('RATE_LIMIT_PER_SECOND'));
