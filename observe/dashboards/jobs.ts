import type { Dashboard, Panel } from './dashboard.js';

/** The first place to look when something is wrong, so it is on two dashboards. */
export const oldestJob: Panel = {
  title: 'Waiting time of the oldest due job',
  unit: 's',
  lines: {
    waiting: 'max(jobs_oldest_due_age_seconds)',
    'not published': 'max(jobs_outbox_lag_seconds)',
  },
};

export const jobs: Dashboard = {
  uid: 'jobs',
  title: 'jobs',
  rows: {
    'Is what was accepted done?': [
      oldestJob,
      {
        title: 'Unfinished jobs',
        unit: 'short',
        lines: {
          '{{status}}': 'max by (status) (jobs{status=~"queued|processing"})',
          scheduled: 'max(jobs_scheduled)',
        },
      },
      { title: 'The same by kind', unit: 'short', lines: { '{{kind}}': 'max by (kind) (jobs_unfinished)' } },
      {
        title: 'Accepted and finished',
        unit: 'ops',
        lines: {
          'accepted: {{kind}}': 'sum by (kind) (rate(jobs_accepted_total[$__rate_interval]))',
          '{{status}}': 'sum by (status) (rate(jobs_ended_total[$__rate_interval]))',
        },
      },
      {
        title: 'Attempts',
        unit: 'ops',
        lines: { '{{outcome}}': 'sum by (outcome) (rate(job_attempts_total[$__rate_interval]))' },
      },
      {
        title: 'Time since the last sweep',
        unit: 's',
        lines: { '{{instance}}': 'time() - sweeper_last_run_timestamp_seconds' },
      },
    ],
    'How long it takes': [
      {
        title: 'Waiting for a worker, 95th percentile',
        unit: 's',
        lines: {
          '{{kind}}':
            'histogram_quantile(0.95, sum by (kind, le) (rate(job_wait_duration_seconds_bucket[$__rate_interval])))',
        },
      },
      {
        title: 'Work, 95th percentile',
        unit: 's',
        lines: {
          '{{kind}}':
            'histogram_quantile(0.95, sum by (kind, le) (rate(job_run_duration_seconds_bucket[$__rate_interval])))',
        },
      },
      {
        title: 'Worker places in use',
        unit: 'percentunit',
        lines: {
          '{{kind}}': 'sum by (kind) (worker_jobs_in_progress) / sum by (kind) (worker_job_places)',
        },
      },
    ],
    'What is kept': [
      {
        title: 'Finished jobs',
        unit: 'short',
        lines: { '{{status}}': 'max by (status) (jobs{status!~"queued|processing"})' },
      },
      {
        title: 'Space',
        unit: 'bytes',
        lines: {
          'inputs of unfinished jobs': 'max(jobs_input_bytes)',
          'ended jobs': 'max(jobs_history_bytes)',
        },
      },
      {
        title: 'Deleted',
        unit: 'ops',
        lines: { deleted: 'sum(rate(retention_deleted_jobs_total[$__rate_interval]))' },
      },
    ],
  },
};
