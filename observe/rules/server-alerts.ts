import type { Group, Times } from './rule.js';

/** What goes wrong in Nginx, PostgreSQL and Redis themselves, as their exporters tell it. */
export function serverAlerts({ duration }: Times): Group {
  return {
    name: 'servers',
    alerts: [
      {
        alert: 'ServerDown',
        expr: 'min by (job) (nginx_up or pg_up or redis_up) == 0',
        for: duration('1m'),
        severity: 'page',
        summary: '{{ $labels.job }} does not answer its exporter.',
        runbook: 'a-server-is-down',
      },
      {
        alert: 'PostgresConnectionsNearLimit',
        expr: 'sum by (job) (pg_stat_database_numbackends) / max by (job) (pg_settings_max_connections) > 0.8',
        for: duration('2m'),
        severity: 'ticket',
        summary: '{{ $value | humanizePercentage }} of the connections that PostgreSQL allows are taken.',
        runbook: 'connections-run-out',
      },
      {
        // Memory near the limit says nothing: finished images may fill it, and make room for others.
        alert: 'RedisRefusesWrites',
        expr: `sum by (job) (increase(redis_errors_total{err="OOM"}[${duration('5m')}])) > 0`,
        severity: 'page',
        summary: 'Redis has refused {{ $value | humanize }} commands in 5 minutes: no memory is left.',
        runbook: 'redis-refuses-writes',
      },
    ],
  };
}
