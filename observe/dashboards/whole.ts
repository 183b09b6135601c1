import { type Dashboard, REQUESTS } from './dashboard.js';
import { oldestJob } from './jobs.js';

/** Requests that people wait for: no probes, and no calls between services. */
const PUBLIC = 'http_route!~"none|/livez|/readyz|/health|/internal/.*|/process"';

export const whole: Dashboard = {
  uid: 'whole',
  title: 'overview',
  rows: {
    'What users notice': [
      {
        title: 'Requests',
        unit: 'reqps',
        lines: { '{{job}}': `sum by (job) (rate(${REQUESTS}_count{${PUBLIC}}[$__rate_interval]))` },
      },
      {
        title: 'Share of requests that failed (5xx)',
        unit: 'percentunit',
        lines: { '{{route_group}}': 'route_group:http_errors:ratio_rate5m' },
      },
      {
        title: 'Latency, 99th percentile',
        unit: 's',
        lines: {
          '{{job}}': `histogram_quantile(0.99, sum by (job, le) (rate(${REQUESTS}_bucket{${PUBLIC}}[$__rate_interval])))`,
        },
      },
      {
        title: 'Error budget: how many times too fast, last hour',
        unit: 'short',
        lines: { '{{route_group}}': 'route_group:http_errors:ratio_rate1h / 0.001' },
      },
      oldestJob,
      {
        title: 'Alerts',
        unit: 'short',
        quiet: true,
        lines: { '{{alertname}} {{job}}{{route_group}}': 'ALERTS{alertstate="firing"}' },
      },
    ],
    'What there is': [
      { title: 'Replicas', unit: 'short', lines: { '{{job}}': 'sum by (job) (up)' } },
      {
        title: 'Memory, the largest replica',
        unit: 'bytes',
        lines: { '{{job}}': 'max by (job) (process_resident_memory_bytes)' },
      },
      {
        title: 'CPU',
        unit: 'short',
        lines: { '{{job}}': 'sum by (job) (rate(process_cpu_seconds_total[$__rate_interval]))' },
      },
      {
        title: 'Event loop lag, 99th percentile',
        unit: 's',
        lines: { '{{job}}': 'max by (job) (nodejs_eventloop_lag_p99_seconds)' },
      },
      {
        title: 'Statements waiting for a connection',
        unit: 'short',
        lines: { '{{job}} {{pool}}': 'sum by (job, pool) (postgres_pool_waiting)' },
      },
      {
        title: 'Open streams',
        unit: 'short',
        lines: { '{{job}}': 'sum by (job) (http_server_open_streams)' },
      },
    ],
  },
};
