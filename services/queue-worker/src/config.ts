import { milliseconds, positiveInteger } from '@millrace/chassis/process';
import { workflowConfig } from '@millrace/workflows';

export const configSchema = workflowConfig.extend({
  /** How many jobs of a kind a replica works on at once. */
  QUEUE_CONCURRENCY: positiveInteger.default(50),
  /** Artificial work per task, for demonstrations. */
  TASK_DELAY_MS: milliseconds.default(0),
  /** How long one effect may take, including waiting for a free worker. */
  EFFECT_TIMEOUT_MS: milliseconds.default(120_000),
});
