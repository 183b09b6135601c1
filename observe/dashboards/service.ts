import { type Dashboard, REQUESTS } from './dashboard.js';

export const service: Dashboard = {
  uid: 'service',
  title: 'one service',
  choosesService: true,
  rows: {
    Requests: [
      {
        title: 'By route',
        unit: 'reqps',
        lines: {
          '{{http_request_method}} {{http_route}}': `sum by (http_request_method, http_route) (rate(${REQUESTS}_count{job="$job"}[$__rate_interval]))`,
        },
      },
      {
        title: 'By status',
        unit: 'reqps',
        lines: {
          '{{http_response_status_code}}': `sum by (http_response_status_code) (rate(${REQUESTS}_count{job="$job"}[$__rate_interval]))`,
        },
      },
      {
        title: 'Latency, 99th percentile by route',
        unit: 's',
        lines: {
          '{{http_route}}': `histogram_quantile(0.99, sum by (http_route, le) (rate(${REQUESTS}_bucket{job="$job"}[$__rate_interval])))`,
        },
      },
    ],
    'What it is made of': [
      {
        title: 'CPU',
        unit: 'short',
        lines: { '{{instance}}': 'rate(process_cpu_seconds_total{job="$job"}[$__rate_interval])' },
      },
      {
        title: 'Memory',
        unit: 'bytes',
        lines: {
          '{{instance}}': 'process_resident_memory_bytes{job="$job"}',
          '{{instance}} heap': 'nodejs_heap_size_used_bytes{job="$job"}',
        },
      },
      {
        title: 'Event loop lag',
        unit: 's',
        lines: {
          '{{instance}} median': 'nodejs_eventloop_lag_p50_seconds{job="$job"}',
          '{{instance}} 99 %': 'nodejs_eventloop_lag_p99_seconds{job="$job"}',
        },
      },
    ],
    'What it waits for': [
      {
        title: 'Reserved memory, share of the limit',
        unit: 'percentunit',
        lines: {
          '{{budget}}':
            'sum by (budget) (memory_budget_claimed_bytes{job="$job"}) / sum by (budget) (memory_budget_limit_bytes{job="$job"})',
        },
      },
      {
        title: 'Waiting requests',
        unit: 'short',
        lines: {
          'for memory: {{budget}}': 'sum by (budget) (memory_budget_waiting{job="$job"})',
          // Not every service has these.
          'for a place: {{limiter}}': 'sum by (limiter) (work_limiter_waiting{job="$job"})',
          'for a connection: {{pool}}': 'sum by (pool) (postgres_pool_waiting{job="$job"})',
        },
      },
      {
        title: 'Requests refused',
        unit: 'reqps',
        lines: {
          'no memory: {{budget}}':
            'sum by (budget) (rate(memory_budget_refused_total{job="$job"}[$__rate_interval]))',
          'no place: {{limiter}}':
            'sum by (limiter) (rate(work_limiter_refused_total{job="$job"}[$__rate_interval]))',
          'allowance spent: {{limit}}':
            'sum by (limit) (rate(rate_limit_refused_total{job="$job"}[$__rate_interval]))',
        },
      },
      {
        title: 'Replicas with an open circuit breaker',
        unit: 'short',
        lines: { '{{callee}}': 'max by (callee) (service_client_replicas_resting{job="$job"})' },
      },
      {
        title: 'Retries left',
        unit: 'short',
        lines: { '{{callee}}': 'min by (callee) (service_client_retry_budget{job="$job"})' },
      },
      {
        title: 'Retries',
        unit: 'reqps',
        lines: {
          '{{callee}}': 'sum by (callee) (rate(service_client_retries_total{job="$job"}[$__rate_interval]))',
        },
      },
    ],
  },
};
