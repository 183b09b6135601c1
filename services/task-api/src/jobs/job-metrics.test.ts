import { randomUUID } from 'node:crypto';
import { type MetricsServer, serveMetrics } from '@millrace/chassis/telemetry';
import request from 'supertest';
import { eventually } from '../../../../tests/support/eventually.js';
import { startTaskApi, type TestTaskApi } from '../../../../tests/support/task-api.js';

let api: TestTaskApi;
let server: MetricsServer;
beforeAll(async () => {
  api = await startTaskApi({ leaseMs: 200, maxAttempts: 2 });
  server = await serveMetrics({ port: 0, host: '127.0.0.1' });
});
afterAll(async () => {
  server.close();
  await api.stop();
});

/** All metrics of jobs, by name and labels. */
async function figures(): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
  return Object.fromEntries(
    [...text.matchAll(/^((?:jobs?|sweeper|retention)(?:_\w+)?(?:\{.*\})?) (\S+)$/gm)].map(
      ([, name, value]) => [name, Number(value)],
    ),
  );
}
const claim = async (...ids: string[]) => {
  const claims = ids.map((id) => ({ id, claim: randomUUID() }));
  const { body } = await request(api.app)
    .post('/internal/jobs/claims')
    .send({ pod: 'w-1', claims })
    .expect(200);
  return body as { jobs: Record<string, unknown>[] };
};
const add = async (query = '') => {
  const { body } = await request(api.app).post(`/api/add/task${query}`).expect(202);
  return (body as { id: string }).id;
};

it('reports how many jobs there are, how long the oldest has been waiting, and the outcomes of attempts', async () => {
  expect(await figures()).toMatchObject({
    'jobs{status="queued"}': 0,
    jobs_oldest_due_age_seconds: 0,
    jobs_outbox_lag_seconds: 0,
    'jobs_accepted_total{kind="task"}': 0,
    'job_attempts_total{outcome="lost"}': 0,
  });

  const [first, second] = [await add(), await add()];
  await add(`?run_at=${new Date(Date.now() + 3_600_000).toISOString()}`);
  await eventually(async () => {
    const now = await figures();
    expect(now).toMatchObject({
      'jobs{status="queued"}': 3,
      'jobs_unfinished{kind="image"}': 0,
      'jobs_unfinished{kind="other"}': 3,
      jobs_scheduled: 1,
      'jobs_accepted_total{kind="task"}': 3,
    });
    expect(now['jobs_oldest_due_age_seconds']).toBeGreaterThan(0.3);
    // Nobody sweeps, and nobody has claimed them.
    expect(now['jobs_outbox_lag_seconds']).toBeGreaterThan(0);
  });

  const { jobs } = await claim(first, second);
  // Counts what task-api itself records.
  for (const figure of ['waited_s', 'lost']) expect(jobs[0]).not.toHaveProperty(figure);
  expect(await figures()).toMatchObject({ 'job_wait_duration_seconds_count{kind="task"}': 2 });
  await request(api.app)
    .post('/internal/jobs/completions')
    .send({ reports: [{ id: first, attempt: 1, result: null }] })
    .expect(200);
  // The lease of the second one expires twice: the sweeper ends its last attempt.
  await eventually(async () => expect((await claim(second)).jobs).toHaveLength(1));
  await eventually(async () => {
    await api.sweepOnce();
    expect(await figures()).toMatchObject({
      'jobs{status="completed"}': 1,
      'jobs{status="failed"}': 1,
      'job_attempts_total{outcome="completed"}': 1,
      'job_attempts_total{outcome="lost"}': 2,
      'jobs_ended_total{status="completed"}': 1,
      'jobs_ended_total{status="failed"}': 1,
    });
  });
});

it('queries PostgreSQL at most once a second, and leaves the figures out while it does not respond', async () => {
  const { db } = api.postgres;
  let reads = 0;
  api.createApp({
    lists: {
      ...db,
      query(text, values) {
        reads += 1;
        return db.query(text, values);
      },
    },
  });
  const begun = performance.now();
  while (performance.now() - begun < 2_500 || reads < 2) await Promise.all([figures(), figures(), figures()]);
  expect(reads).toBeLessThanOrEqual(Math.ceil((performance.now() - begun) / 1_000));

  await api.postgres.link.cut();
  await eventually(async () => expect(await figures()).not.toHaveProperty('jobs_scheduled'));
  expect(await figures()).toHaveProperty('jobs_accepted_total{kind="task"}');
  await api.postgres.link.mend();
  await eventually(async () => expect(await figures()).toHaveProperty('jobs_scheduled', 1));
});

it('reports when it has swept', async () => {
  api.keepSweeping();
  const begun = Date.now() / 1_000;
  await eventually(async () =>
    expect((await figures())['sweeper_last_run_timestamp_seconds']).toBeGreaterThan(begun),
  );
  await api.postgres.link.cut();
  const last = (await figures())['sweeper_last_run_timestamp_seconds'];
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((await figures())['sweeper_last_run_timestamp_seconds']).toBeLessThan(last! + 0.2);
  await api.postgres.link.mend();
});
