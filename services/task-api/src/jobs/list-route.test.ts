import { jobListItemSchema, jobSchema } from '@millrace/contracts';
import request from 'supertest';
import { z } from 'zod';
import { useTaskApi } from '../../../../tests/support/task-api.js';

const taskApi = useTaskApi();

const call = () => request(taskApi.app);
const execute = (sql: string, values: unknown[] = []) => taskApi.postgres.db.query(sql, values);

/** JSON writes it as six bytes, which is the maximum for any character. */
const CONTROL = '\u0001';

/** The largest possible jobs: their texts consist of the characters that are longest in JSON, and their result is half a megabyte. */
async function makeLargeJobs(count: number, attempts: number): Promise<void> {
  await execute(
    `INSERT INTO jobs (kind, payload, priority, status, run_at, max_attempts, attempt, progress_total, progress_done, result,
                       error, processed_by_pod, request_id, started_at, finished_at)
     SELECT 'task', jsonb_build_object('task', repeat($2, 10000)), 'medium', 'processing', now(), 2000000000, $3, 2000000000,
            2000000000, to_jsonb(repeat('x', 500000)), repeat($2, 2000), repeat('p', 253), 'r', now(), now()
       FROM generate_series(1, $1)`,
    [count, CONTROL, attempts],
  );
  await execute(
    `INSERT INTO job_attempts (job_id, attempt, pod, finished_at, outcome, error)
     SELECT id, number, repeat('p', 253), now(), 'failed', repeat($1, 2000)
       FROM jobs, generate_series(1, $2::int) AS number
     ON CONFLICT DO NOTHING`,
    [CONTROL, attempts],
  );
}

describe('the list of jobs', () => {
  it('is under a megabyte, whatever 200 jobs contain', async () => {
    // A few at a time, because a statement has two seconds.
    for (let made = 0; made < 200; made += 20) await makeLargeJobs(20, 10);
    const { text, body } = await call().get('/api/jobs?limit=200').expect(200);
    expect(z.array(jobListItemSchema.strict()).parse(body)).toHaveLength(200);
    expect(body[0]).toMatchObject({
      attempt_count: 10,
      error: CONTROL.repeat(200),
      title: CONTROL.repeat(200),
    });
    expect(Buffer.byteLength(text)).toBeLessThan(700_000);
  });

  it('shows the text of tasks, but not the input of other jobs', async () => {
    await call()
      .post('/api/add')
      .send({ task: 'ä'.repeat(300) })
      .expect(202);
    await call().post('/internal/jobs/analyze').send({ text: 'a secret' }).expect(202);
    const { body, text } = await call().get('/api/jobs').expect(200);
    expect(body).toMatchObject([
      { kind: 'analyze', title: null },
      { kind: 'task', title: 'ä'.repeat(200) },
    ]);
    expect(text).not.toContain('secret');
  });
});

describe('a job by itself', () => {
  it('has its full result and error, its latest 50 attempts, and the number of attempts', async () => {
    await makeLargeJobs(1, 120);
    const [{ id }] = (await call().get('/api/jobs').expect(200)).body;
    const { body, text } = await call().get(`/api/jobs/${id}`).expect(200);
    const job = jobSchema.parse(body);
    expect(job.result).toBe('x'.repeat(500_000));
    expect(job.error).toBe(CONTROL.repeat(2_000));
    expect(job.attempt_count).toBe(120);
    expect(job.attempts.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 50 }, (_, i) => 71 + i));
    expect(Buffer.byteLength(text)).toBeLessThan(1_200_000);
  });
});
