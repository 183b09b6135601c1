import { jobSchema, jobSummarySchema, type Job } from '@millrace/contracts';
import request from 'supertest';
import { useTaskApi } from '../../../../tests/support/task-api.js';
import { workerCalls } from '../../../../tests/support/worker-calls.js';

const taskApi = useTaskApi();

const call = () => request(taskApi.app);
const add = async (query = ''): Promise<string> =>
  (await call().post(`/api/add/task${query}`).expect(202)).body.id;
const jobOf = async (id: string): Promise<Job> =>
  jobSchema.parse((await call().get(`/api/jobs/${id}`).expect(200)).body);
const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();
const worker = workerCalls(() => taskApi.app);
const claim = (id: string) => worker.claim(id);
const fail = (id: string, attempt: number, permanent = false) =>
  worker.fail(id, { attempt, error: 'out of paper', permanent });
const unknownId = '01a1fca7-0000-7000-8000-000000000000';

const failedJob = async () => {
  const id = await add();
  expect(await claim(id)).toBeDefined();
  expect(await fail(id, 1, true)).toBe(true);
  return id;
};

const endedJob = async (status: string) => {
  if (status === 'failed') return failedJob();
  const id = await add();
  if (status === 'completed') {
    expect(await claim(id)).toBeDefined();
    expect(await worker.complete(id, { attempt: 1, result: 'done' })).toBe(true);
  } else {
    await call().delete(`/api/jobs/${id}`).expect(200);
  }
  return id;
};

describe('DELETE /api/jobs/:id', () => {
  it('cancels a queued job, which no worker can claim then', async () => {
    const id = await add();
    const cancelled = (await call().delete(`/api/jobs/${id}`).expect(200)).body;
    expect(cancelled).toMatchObject({ id, status: 'cancelled', finished_at: expect.any(String) });
    expect(await claim(id)).toBeUndefined();
    expect((await call().get(`/api/tasks/${id}`)).body).toMatchObject({
      status: 'cancelled',
      completed: false,
    });
  });

  it('answers 409 once a worker has started the job', async () => {
    const id = await add();
    expect(await claim(id)).toBeDefined();
    const response = await call().delete(`/api/jobs/${id}`).expect(409);
    expect(response.body.detail).toBe(
      'Only a queued job can be cancelled, and only a finished one deleted; this one is processing.',
    );
  });

  it.each(['completed', 'failed', 'cancelled'])(
    'deletes a %s job with its attempts; its task stays, and keeps its status',
    async (status) => {
      const id = await endedJob(status);
      const task = (await call().get(`/api/tasks/${id}`).expect(200)).body;
      expect(task.status).toBe(status);

      await call().delete(`/api/jobs/${id}`).expect(204);
      await call().get(`/api/jobs/${id}`).expect(404);
      await call().delete(`/api/jobs/${id}`).expect(404);
      expect((await call().get(`/api/tasks/${id}`).expect(200)).body).toEqual(task);
      expect((await call().get(`/api/tasks?status=${status}`).expect(200)).body).toEqual([task]);
      expect(await taskApi.postgres.db.query('SELECT FROM job_attempts')).toEqual([]);
    },
  );

  it('acts only on the given status: a job that has just finished is not deleted', async () => {
    const id = await endedJob('completed');
    const response = await call().delete(`/api/jobs/${id}?status=queued`).expect(409);
    expect(response.body.detail).toBe('This job is completed, not queued.');
    await call().delete(`/api/jobs/${id}?status=failed`).expect(409);
    await call().delete(`/api/jobs/${id}?status=lost`).expect(400);
    await call().delete(`/api/jobs/${id}?status=completed`).expect(204);

    const queued = await add();
    await call().delete(`/api/jobs/${queued}?status=cancelled`).expect(409);
    await call().delete(`/api/jobs/${queued}?status=queued`).expect(200);
  });

  it('cancels a job whose worker disappeared; its later reports are ignored', async () => {
    const id = await add();
    expect(await claim(id)).toBeDefined();
    await taskApi.postgres.db.query('UPDATE jobs SET due_at = now()');
    await taskApi.sweepOnce();
    await call().delete(`/api/jobs/${id}`).expect(200);
    expect(await worker.renew(id, { attempt: 1 })).toBe(false);
    expect(await worker.complete(id, { attempt: 1, result: null })).toBe(false);
  });

  it('answers 404 to an unknown job', async () => {
    await call().delete(`/api/jobs/${unknownId}`).expect(404);
  });
});

describe('POST /api/jobs/:id/retry', () => {
  it('queues a failed job again, with its history and new attempts', async () => {
    const id = await failedJob();
    expect(await jobOf(id)).toMatchObject({ status: 'failed', error: 'out of paper' });

    const response = await call().post(`/api/jobs/${id}/retry`).expect(202);
    expect(response.get('location')).toBe(`/api/jobs/${id}`);
    expect(response.body).toMatchObject({ id, status: 'queued', max_attempts: 4, finished_at: null });

    expect(await claim(id)).toMatchObject({ attempt: 2 });
    expect(await worker.complete(id, { attempt: 2, result: 'ok' })).toBe(true);
    expect(await jobOf(id)).toMatchObject({
      status: 'completed',
      error: null,
      attempts: [
        { attempt: 1, outcome: 'failed', error: 'out of paper' },
        { attempt: 2, outcome: 'completed', error: null },
      ],
    });
  });

  it('is refused when the job has been tried a hundred times', async () => {
    const id = await failedJob();
    await taskApi.postgres.db.query(
      `INSERT INTO job_attempts (job_id, attempt, pod, outcome)
       SELECT id, n, 'worker-1', 'failed' FROM jobs, generate_series(2, 100) AS n`,
    );
    await taskApi.postgres.db.query('UPDATE jobs SET attempt = 100');
    const response = await call().post(`/api/jobs/${id}/retry`).expect(409);
    expect(response.body.detail).toBe(
      'This job has been tried 100 times, which is the limit. Send it again as a new job.',
    );
  });

  it('answers 409 to a job that has not failed, and 404 to an unknown one', async () => {
    const id = await add();
    expect((await call().post(`/api/jobs/${id}/retry`).expect(409)).body.detail).toContain('queued');
    await call().post(`/api/jobs/${unknownId}/retry`).expect(404);
  });
});

describe('GET /api/jobs/summary', () => {
  it('counts the jobs by status and reports how long the oldest has waited', async () => {
    const summary = async () =>
      jobSummarySchema.parse((await call().get('/api/jobs/summary').expect(200)).body);
    expect(await summary()).toEqual({
      counts: { queued: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 },
      due: 0,
      scheduled: 0,
      oldest_waiting_s: null,
      completed_last_minute: 0,
    });

    const [done, begun] = [await add(), await add()];
    for (const id of [done, begun]) expect(await claim(id)).toBeDefined();
    expect(await worker.complete(done, { attempt: 1, result: null })).toBe(true);
    await failedJob();
    await add();
    await add(`?run_at=${TOMORROW}`);
    await taskApi.postgres.db.query(
      `UPDATE jobs SET created_at = now() - interval '1 hour', run_at = least(run_at, now() - interval '1 hour')
        WHERE status = 'queued' AND run_at < now()`,
    );

    const { counts, due, scheduled, oldest_waiting_s, completed_last_minute } = await summary();
    expect(counts).toEqual({ queued: 2, processing: 1, completed: 1, failed: 1, cancelled: 0 });
    expect({ due, scheduled }).toEqual({ due: 1, scheduled: 1 });
    expect(Math.round(oldest_waiting_s! / 60)).toBe(60);
    expect(completed_last_minute).toBe(1);
  });
});

describe('a scheduled job', () => {
  it('cannot be claimed before it is due, and is published by the sweeper then', async () => {
    const id = await add(`?run_at=${TOMORROW.replace('Z', '%2B00:00')}`);
    expect((await jobOf(id)).run_at).toBe(TOMORROW);
    expect(await taskApi.sweepOnce()).toEqual([]);
    expect(await claim(id)).toBeUndefined();

    await taskApi.postgres.db.query('UPDATE jobs SET run_at = now(), due_at = now()');
    expect(await taskApi.sweepOnce()).toEqual([id]);
    expect(await claim(id)).toBeDefined();
  });

  it('starts at once when the time has already passed', async () => {
    expect(await claim(await add('?run_at=2020-01-01T00:00:00Z'))).toBeDefined();
  });

  it.each(['tomorrow', '2026-11-21', '2026-13-01T00:00:00Z', '0'])(
    'answers 400 to run_at=%s',
    async (time) => {
      await call().post('/api/add/task').query({ run_at: time }).expect(400);
    },
  );
});

describe('the lease of a job', () => {
  it('is extended by renewals, and shows the reported progress', async () => {
    const id = await add();
    expect(await claim(id)).toBeDefined();
    await taskApi.postgres.db.query('UPDATE jobs SET due_at = now()');
    const report = { attempt: 1, progress: { done: 1, total: 2 } };
    expect(await worker.renew(id, report)).toBe(true);
    expect(await taskApi.sweepOnce()).toEqual([]);
    expect(await jobOf(id)).toMatchObject({ status: 'processing', progress: { done: 1, total: 2 } });
  });

  it('cannot be renewed when another attempt has begun', async () => {
    const id = await add();
    expect(await claim(id)).toBeDefined();
    await taskApi.postgres.db.query('UPDATE jobs SET due_at = now()');
    expect(await claim(id)).toBeDefined();
    expect(await worker.renew(id, { attempt: 1 })).toBe(false);
    expect(await worker.renew(id, { attempt: 2 })).toBe(true);
  });
});
