import { serviceNames } from '../../topology/services.js';
import type { Group, Times } from './rule.js';

/** Problems behind the requests. */
export function workAlerts({ duration, seconds }: Times): Group {
  return {
    name: 'work',
    alerts: [
      {
        alert: 'ReplicasMissing',
        // A replica that is gone has no `up` that could be 0.
        expr: [
          `sum by (job) (up{job=~"${serviceNames.join('|')}"}) == 0`,
          ...serviceNames.map((name) => `absent(up{job="${name}"})`),
        ].join(' or '),
        for: duration('2m'),
        severity: 'page',
        summary: 'No replica of {{ $labels.job }} serves its metrics.',
        runbook: 'no-replica-answers',
      },
      {
        alert: 'JobsNotDone',
        expr: `max(jobs_oldest_due_age_seconds) > ${seconds('5m')}`,
        for: duration('5m'),
        severity: 'page',
        summary: 'An accepted job has been waiting for a worker for {{ $value | humanizeDuration }}.',
        runbook: 'jobs-are-not-done',
      },
      {
        alert: 'AttemptsLost',
        expr: `sum(increase(job_attempts_total{outcome="lost"}[${duration('15m')}])) > 3`,
        severity: 'ticket',
        summary: '{{ $value | humanize }} attempts were lost in 15 minutes: workers die or are too slow.',
        runbook: 'attempts-are-lost',
      },
      {
        alert: 'SweeperSilent',
        expr: `time() - max(sweeper_last_run_timestamp_seconds) > ${seconds('1m')}`,
        for: duration('1m'),
        severity: 'page',
        summary:
          'No replica of task-api has completed a sweep for {{ $value | humanizeDuration }}: lost jobs stay lost.',
        runbook: 'the-sweeper-is-silent',
      },
      {
        alert: 'PostgresPoolWaiting',
        expr: `min by (job, pool) (min_over_time(postgres_pool_waiting[${duration('1m')}])) > 0`,
        for: duration('2m'),
        severity: 'ticket',
        summary: 'Statements of {{ $labels.job }} always wait for a connection (pool {{ $labels.pool }}).',
        runbook: 'statements-wait-for-connections',
      },
      {
        alert: 'MemoryBudgetFull',
        expr: `min by (job, budget) (min_over_time(memory_budget_waiting[${duration('1m')}])) > 0`,
        for: duration('5m'),
        severity: 'ticket',
        summary: 'Requests of {{ $labels.job }} always wait for memory (budget {{ $labels.budget }}).',
        runbook: 'requests-wait-for-memory',
      },
      {
        alert: 'ImageStoreEvicts',
        expr: `max(increase(redis_evicted_keys_total[${duration('15m')}])) > 0`,
        severity: 'ticket',
        summary: '{{ $value | humanize }} images were deleted early in 15 minutes, to make room for others.',
        runbook: 'images-are-evicted',
      },
    ],
  };
}
