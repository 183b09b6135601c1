import type { Dashboard } from './dashboard.js';

export const servers: Dashboard = {
  uid: 'servers',
  title: 'Nginx, PostgreSQL and Redis',
  needsExporters: true,
  rows: {
    Nginx: [
      {
        title: 'Connections',
        unit: 'short',
        lines: { active: 'sum(nginx_connections_active)', 'of which idle': 'sum(nginx_connections_waiting)' },
      },
      {
        title: 'Requests',
        unit: 'reqps',
        lines: { '{{instance}}': 'rate(nginx_http_requests_total[$__rate_interval])' },
      },
      {
        title: 'Connections dropped: worker_connections was reached',
        unit: 'ops',
        lines: {
          dropped:
            'sum(rate(nginx_connections_accepted[$__rate_interval]) - rate(nginx_connections_handled[$__rate_interval]))',
        },
      },
    ],
    PostgreSQL: [
      {
        title: 'Connections',
        unit: 'short',
        lines: {
          '{{state}}': 'sum by (state) (pg_stat_activity_count)',
          'at most': 'max(pg_settings_max_connections)',
        },
      },
      {
        title: 'Transactions',
        unit: 'ops',
        lines: {
          committed: 'sum(rate(pg_stat_database_xact_commit{datname="millrace"}[$__rate_interval]))',
          'rolled back': 'sum(rate(pg_stat_database_xact_rollback{datname="millrace"}[$__rate_interval]))',
        },
      },
      {
        title: 'Longest transaction',
        unit: 's',
        lines: { '{{state}}': 'max by (state) (pg_stat_activity_max_tx_duration{datname="millrace"})' },
      },
      {
        title: 'Size of the database',
        unit: 'bytes',
        lines: { size: 'max(pg_database_size_bytes{datname="millrace"})' },
      },
      {
        title: 'Dead rows that autovacuum has not removed yet',
        unit: 'short',
        lines: { '{{relname}}': 'topk(5, pg_stat_user_tables_n_dead_tup)' },
      },
      {
        title: 'Share of blocks read from disk',
        unit: 'percentunit',
        lines: {
          misses:
            'sum(rate(pg_stat_database_blks_read{datname="millrace"}[$__rate_interval])) / sum(rate(pg_stat_database_blks_hit{datname="millrace"}[$__rate_interval]) + rate(pg_stat_database_blks_read{datname="millrace"}[$__rate_interval]))',
        },
      },
    ],
    Redis: [
      {
        title: 'Memory',
        unit: 'bytes',
        lines: {
          data: 'max(redis_memory_used_bytes{job="redis"})',
          process: 'max(redis_memory_used_rss_bytes{job="redis"})',
          'at most': 'max(redis_memory_max_bytes{job="redis"})',
        },
      },
      {
        title: 'Commands',
        unit: 'ops',
        lines: { '{{instance}}': 'rate(redis_commands_processed_total[$__rate_interval])' },
      },
      {
        title: 'Commands refused, by error',
        unit: 'ops',
        quiet: true,
        lines: { '{{err}}': 'sum by (err) (rate(redis_errors_total[$__rate_interval]))' },
      },
    ],
  },
};
