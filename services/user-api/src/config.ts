import { postgresConfig, serviceConfig, urlList } from '@millrace/chassis/process';

export const configSchema = serviceConfig.extend({
  ...postgresConfig.shape,
  /** Where API keys are known. */
  TASK_API_URLS: urlList,
});
