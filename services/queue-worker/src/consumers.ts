import { gauge, ofEach } from '@millrace/chassis/telemetry';
import { JOB_QUEUES } from '@millrace/contracts';
import { type Consumer, type ConsumerOptions, startConsumer } from './consumer.js';

/**
 * Takes jobs of all kinds. Each kind has its own queue, connection and places, so jobs of one kind, however many and slow, do not delay
 * those of another.
 *
 * @param options.concurrency how many jobs of a kind may be in work at once
 */
export function startConsumers(options: Omit<ConsumerOptions, 'queue'>): Consumer {
  const consumers = new Map(
    Object.entries(JOB_QUEUES).map(([kind, queue]) => [kind, startConsumer({ ...options, queue })]),
  );
  const all = [...consumers.values()];

  gauge(
    { name: 'worker_job_places', help: 'How many jobs of a kind this worker processes at once.' },
    ofEach('kind', consumers, () => options.concurrency),
  );
  gauge(
    { name: 'worker_jobs_in_progress', help: 'Jobs that this worker holds: being claimed, or processed.' },
    ofEach('kind', consumers, (consumer) => consumer.taken()),
  );

  return {
    async check() {
      await Promise.all(all.map((consumer) => consumer.check()));
    },
    taken: () => all.reduce((sum, consumer) => sum + consumer.taken(), 0),
    async close(deadlineMs) {
      await Promise.all(all.map((consumer) => consumer.close(deadlineMs)));
    },
  };
}
