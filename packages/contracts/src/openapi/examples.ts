// Real responses of a fresh stack to the sample commands.

import { VERSION } from './version.js';

export const BASE_URL = 'http://localhost:8080';
export const REQUEST_ID = '4aa65652a4b902214688fe6ae8cf1047';

export const TASK_ID = '01a1fcc3-4134-7616-a8d9-4b7342dbfb66';
export const JOB_ID = '01a1fcc3-40f0-7380-9f0b-2da5b3882000';
export const ANALYZE_JOB_ID = '01a1fcc3-421c-7cd0-a4c0-effa5b979b2d';
export const IMAGE_JOB_ID = '01a1fcc3-4287-7873-97e5-6f9a51ddf184';
export const IMAGE_ID = '8f4ca58b-9e67-47b6-97f9-1a35e04940e4';

export const jobUrl = (id: string) => `/api/jobs/${id}`;

export const task = {
  id: TASK_ID,
  title: 'Buy milk',
  description: '2L whole',
  priority: 'medium',
  status: 'open',
  completed: false,
  processed_by_pod: null,
  created_at: '2026-11-21T06:20:17.075Z',
  updated_at: '2026-11-21T06:20:17.075Z',
  completed_at: null,
};

export const completedTask = {
  ...task,
  status: 'completed',
  completed: true,
  updated_at: '2026-11-21T06:24:40.312Z',
  completed_at: '2026-11-21T06:24:40.312Z',
};

export const queuedTask = {
  id: JOB_ID,
  task: 'task1',
  status: 'queued',
  status_url: jobUrl(JOB_ID),
  processed_by_pod: 'task-api-1',
};

export const processedText = { processed_text: 'Word Count: 4 | Reverse: ?uoy era woh ,olleH' };

export const processedImage = {
  id: IMAGE_ID,
  applied_effects: ['bw', 'blur'],
  processed_by_pod: 'blur-worker-1',
  view_url: `/image/${IMAGE_ID}`,
  hops: [
    { effect: 'bw', pod: 'bw-worker-1', ms: 18 },
    { effect: 'blur', pod: 'blur-worker-1', ms: 18 },
  ],
};

const job = {
  id: JOB_ID,
  kind: 'task',
  status: 'completed',
  priority: 'medium',
  progress: { done: 1, total: 1 },
  error: null,
  processed_by_pod: 'queue-worker-1',
  attempt_count: 1,
  max_attempts: 10,
  run_at: '2026-11-21T06:20:17.008Z',
  created_at: '2026-11-21T06:20:17.008Z',
  started_at: '2026-11-21T06:20:17.027Z',
  finished_at: '2026-11-21T06:20:17.048Z',
};

export const listedJob = { ...job, title: 'task1' };

export const completedJob = {
  ...job,
  result: { task: 'task1' },
  attempts: [
    {
      attempt: 1,
      pod: 'queue-worker-1',
      started_at: '2026-11-21T06:20:17.027Z',
      finished_at: '2026-11-21T06:20:17.048Z',
      outcome: 'completed',
      error: null,
    },
  ],
};

const notBegun = {
  progress: { done: 0, total: 1 },
  result: null,
  attempts: [],
  attempt_count: 0,
  processed_by_pod: null,
};

export const queuedJob = {
  ...completedJob,
  ...notBegun,
  status: 'queued',
  started_at: null,
  finished_at: null,
};
export const cancelledJob = { ...queuedJob, status: 'cancelled', finished_at: '2026-11-21T06:20:21.530Z' };

export const user = {
  id: '01a1fcc3-4188-7149-82a4-4592a1e6d46a',
  name: 'Alice',
  email: 'alice@example.com',
  created_at: '2026-11-21T06:20:17.158Z',
};

export const userHealth = {
  status: 'healthy',
  service: 'user-api',
  pod: 'user-api-1',
  version: VERSION,
  uptime_s: 31,
  checks: { postgres: { status: 'healthy', latency_ms: 1 } },
};

const replica = (service: string, checks: object) => ({
  status: 'healthy',
  replicas: [{ status: 'healthy', service, pod: `${service}-1`, version: VERSION, uptime_s: 31, checks }],
});
const postgres = { status: 'healthy', latency_ms: 1 };
const redis = { status: 'healthy', latency_ms: 1 };

export const systemHealth = {
  status: 'healthy',
  services: {
    'web-gateway': replica('web-gateway', { redis }),
    'task-api': replica('task-api', { postgres, redis }),
    'user-api': replica('user-api', { postgres }),
    'text-worker': replica('text-worker', {}),
    'blur-worker': replica('blur-worker', {}),
    'bw-worker': replica('bw-worker', {}),
    'queue-worker': replica('queue-worker', { redis }),
  },
};
