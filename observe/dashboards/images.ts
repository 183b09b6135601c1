import { type Dashboard, REQUESTS } from './dashboard.js';

const WORKERS = 'job=~"blur-worker|bw-worker"';

export const images: Dashboard = {
  uid: 'images',
  title: 'images',
  rows: {
    Uploads: [
      {
        title: 'Uploads, by status',
        unit: 'reqps',
        lines: {
          '{{http_response_status_code}}': `sum by (http_response_status_code) (rate(${REQUESTS}_count{http_route="/upload"}[$__rate_interval]))`,
        },
      },
      {
        title: 'Latency of uploads',
        unit: 's',
        lines: {
          median: `histogram_quantile(0.5, sum by (le) (rate(${REQUESTS}_bucket{http_route="/upload"}[$__rate_interval])))`,
          '95 %': `histogram_quantile(0.95, sum by (le) (rate(${REQUESTS}_bucket{http_route="/upload"}[$__rate_interval])))`,
        },
      },
      {
        title: 'Memory reserved for images',
        unit: 'bytes',
        lines: {
          '{{job}} {{budget}}': 'sum by (job, budget) (memory_budget_claimed_bytes{budget!="json_bodies"})',
        },
      },
    ],
    Workers: [
      {
        title: 'Places in use',
        unit: 'short',
        lines: { '{{job}} {{limiter}}': `sum by (job, limiter) (work_limiter_used{${WORKERS}})` },
      },
      {
        title: 'Waiting images',
        unit: 'short',
        lines: { '{{job}} {{limiter}}': `sum by (job, limiter) (work_limiter_waiting{${WORKERS}})` },
      },
      {
        title: 'Effects, by status',
        unit: 'reqps',
        lines: {
          '{{job}} {{http_response_status_code}}': `sum by (job, http_response_status_code) (rate(${REQUESTS}_count{${WORKERS},http_route="/process"}[$__rate_interval]))`,
        },
      },
    ],
    'The store': [
      {
        title: 'Images stored and shown',
        unit: 'ops',
        lines: {
          stored: 'sum(rate(image_store_saved_total[$__rate_interval]))',
          '{{result}}': 'sum by (result) (rate(image_store_reads_total[$__rate_interval]))',
        },
      },
      {
        title: 'Redis memory',
        unit: 'bytes',
        lines: { used: 'max(redis_memory_used_bytes)', 'evicts from': 'max(redis_memory_max_bytes)' },
      },
      {
        title: 'Evicted',
        unit: 'ops',
        lines: { evicted: 'max(rate(redis_evicted_keys_total[$__rate_interval]))' },
      },
    ],
  },
};
