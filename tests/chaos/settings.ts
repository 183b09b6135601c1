import { randomInt } from 'node:crypto';

/** Duration and intensity. The defaults are the short form that is part of `npm test`. */
export interface ChaosSettings {
  /** The minimum number of accepted jobs. */
  jobs: number;
  /** The minimum number of processes to kill with SIGKILL. Faults that kill nothing come on top. */
  kills: number;
  /** Chooses the faults and their victims. */
  seed: number;
  /** Where to write the output of all processes. Default: nowhere. */
  logFile: string | undefined;
}

export function readSettings(env: NodeJS.ProcessEnv = process.env): ChaosSettings {
  const number = (name: string, otherwise: number) => Number(env[name] ?? otherwise);
  return {
    jobs: number('CHAOS_JOBS', 1_000),
    kills: number('CHAOS_KILLS', 7),
    seed: number('CHAOS_SEED', randomInt(1_000_000)),
    logFile: env['CHAOS_LOG'],
  };
}

/** The average time between faults; the load is paced to last for all of them. */
export const SECONDS_A_FAULT = 1.5;
/** What two cores can handle: with more, the jobs would wait for the machine and not for the faults. */
export const MAX_JOBS_PER_SECOND = 100;

/** One in this many responses gets lost on its way to the client, in addition to those that the faults cost. */
export const LOSS_EVERY = 25;

/** How long a worker may hold a job without reporting. */
export const LEASE_MS = 2_000;

/** Short times everywhere, so that a test need not wait long for what otherwise happens after seconds or minutes. */
export function stackEnvironment({ sweeper }: { sweeper: boolean }) {
  return {
    'task-api': {
      JOB_LEASE_MS: String(LEASE_MS),
      JOB_BACKOFF_MS: '200',
      SWEEP_INTERVAL_MS: sweeper ? '250' : '0',
      SWEEP_AFTER_MS: '1000',
      REPUBLISH_AFTER_MS: '2000',
    },
    // Long enough that the worker to be killed always holds a job.
    'queue-worker': { TASK_DELAY_MS: '100', QUEUE_CONCURRENCY: '10' },
  };
}

export const SCALE = { 'web-gateway': 2, 'task-api': 2, 'queue-worker': 3 };
