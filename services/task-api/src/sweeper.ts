import type { Logger } from '@millrace/chassis';
import type { JobPublisher } from './job-publisher.js';
import type { JobStore } from './job-store.js';

const BATCH = 500;

/**
 * Publishes, again and again, whatever job is due and not on its way: one whose publication failed, was lost with Redis'
 * data, or whose worker vanished. Any number of replicas may sweep.
 *
 * @returns a function that stops it and waits for the sweep under way
 */
export function startSweeper(options: {
  jobs: JobStore;
  publisher: JobPublisher;
  intervalMs: number;
  logger: Logger;
}): () => Promise<void> {
  const { jobs, publisher, intervalMs, logger } = options;
  let stopped = false;
  let timer: NodeJS.Timeout;

  const sweep = async () => {
    try {
      let count: number;
      do {
        count = await jobs.sweep(BATCH, publisher.publish);
        if (count > 0) logger.info({ jobs: count }, 'swept');
      } while (count === BATCH && !stopped);
    } catch (error) {
      logger.warn({ err: error }, 'sweep failed, trying again');
    }
    if (!stopped) timer = setTimeout(next, intervalMs);
  };
  let underWay = Promise.resolve();
  const next = () => {
    underWay = sweep();
  };
  timer = setTimeout(next, intervalMs);

  return async () => {
    stopped = true;
    clearTimeout(timer);
    await underWay;
  };
}
