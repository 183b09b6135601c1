import { serveMetrics } from '@millrace/chassis/telemetry';
import type { ClaimedJob } from '@millrace/contracts';
import { measured } from './run-metrics.js';

const job = { kind: 'task', traceparent: null } as ClaimedJob;
const context = { onProgress: () => Promise.resolve() };

it('counts work by kind and outcome', async () => {
  const server = await serveMetrics({ port: 0, host: '127.0.0.1' });
  try {
    await expect(measured(() => Promise.resolve('a result'))(job, context)).resolves.toBe('a result');
    const lost = new Error('somebody else has the job');
    await expect(measured(() => Promise.reject(lost))(job, context)).rejects.toBe(lost);
    const page = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    expect(page).toMatch(/job_run_duration_seconds_count\{.*kind="task",outcome="completed".*\} 1\n/);
    expect(page).toMatch(/job_run_duration_seconds_count\{.*kind="task",outcome="failed".*\} 1\n/);
  } finally {
    server.close();
  }
});
