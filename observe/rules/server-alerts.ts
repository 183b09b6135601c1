import type { Group, Times } from './rule.js';

/** Problems of Nginx, PostgreSQL and Redis themselves, as reported by their exporters. */
export function serverAlerts({ duration }: Times): Group {
  return {
    name: 'servers',
    alerts: [
      {
        alert: 'ServerDown',
        expr: 'min by (job) (nginx_up or pg_up or redis_up) == 0',
        for: duration('1m'),
        severity: 'page',
        summary: '{{ $labels.job }} does not respond to its exporter.',
        runbook: 'a-server-is-down',
      },
      {
        alert: 'PostgresConnectionsNearLimit',
        expr: 'sum by (job) (pg_stat_database_numbackends) / max by (job) (pg_settings_max_connections) > 0.8',
        for: duration('2m'),
        severity: 'ticket',
        summary: '{{ $value | humanizePercentage }} of the connections that PostgreSQL allows are in use.',
        runbook: 'connections-run-out',
      },
      {
        // Memory near its limit means nothing: finished images may fill it, and are evicted.
        alert: 'RedisRefusesWrites',
        expr: `sum by (job) (increase(redis_errors_total{err="OOM"}[${duration('5m')}])) > 0`,
        severity: 'page',
        summary: 'Redis refused {{ $value | humanize }} commands in 5 minutes: it is out of memory.',
        runbook: 'redis-refuses-writes',
      },
    ],
  };
}
