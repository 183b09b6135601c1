import type { Express } from 'express';
import request from 'supertest';
import { useTaskApi } from '../../../../../tests/support/task-api.js';

const taskApi = useTaskApi({
  backlog: { jobs: 5, images: 2, bytes: 1_000, scheduled: 3 },
});

const rows = async () =>
  (
    await taskApi.postgres.db.query<{ jobs: number; tasks: number; inputs: number }>(
      `SELECT (SELECT count(*)::int FROM jobs) AS jobs, (SELECT count(*)::int FROM tasks) AS tasks,
              (SELECT count(*)::int FROM job_inputs) AS inputs`,
    )
  )[0];

it('answers 503 with Retry-After beyond the backlog limit, stores nothing, and accepts jobs again when there is room', async () => {
  // A new app each time: the previous one's count is up to a second old.
  const app = taskApi.createApp();
  const add = () => request(app).post('/api/add/task');
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) ids.push((await add().expect(202)).body.id);
  const refused = await add().expect(503);
  expect(refused.get('retry-after')).toBe('5');
  expect(refused.type).toBe('application/problem+json');
  expect(await rows()).toEqual({ jobs: 5, tasks: 5, inputs: 0 });
  // One that counts first has changed nothing either.
  const counting = await request(taskApi.createApp()).post('/api/add/task').expect(503);
  expect(counting.body.work_begun).toBe(false);

  await request(app).delete(`/api/jobs/${ids[0]}`).expect(200);
  await request(taskApi.createApp()).post('/api/add/task').expect(202);
});

const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();
const postImage = (app: Express, size: number, query = '') =>
  request(app)
    .post(`/internal/jobs/image?effects=bw${query}`)
    .set('Content-Type', 'image/png')
    .send(Buffer.alloc(size));

describe('scheduled jobs', () => {
  it('have their own limit, and do not block other jobs', async () => {
    const app = taskApi.createApp();
    const schedule = () => request(app).post(`/api/add/task?run_at=${TOMORROW}`);
    for (let count = 0; count < 3; count += 1) await schedule().expect(202);
    const refused = await schedule().expect(503);
    expect(refused.get('retry-after')).toBe('60');
    expect(refused.body.detail).toContain('Too many jobs are scheduled.');
    for (let count = 0; count < 5; count += 1) await request(app).post('/api/add/task').expect(202);
    await request(app).post('/api/add/task').expect(503);

    // Another replica, which counts what this one has accepted in the database.
    await request(taskApi.createApp()).post(`/api/add/task?run_at=${TOMORROW}`).expect(503);
    await request(taskApi.createApp()).post('/api/add/task').expect(503);
  });

  it('have their own limit for images, and a quarter of the bytes', async () => {
    const app = taskApi.createApp();
    await postImage(app, 10, `&run_at=${TOMORROW}`).expect(202);
    await postImage(app, 10, `&run_at=${TOMORROW}`).expect(503);
    await postImage(app, 10).expect(202);

    const text = 'x'.repeat(241);
    const schedule = (text: string) =>
      request(app).post('/internal/jobs/analyze').send({ text, run_at: TOMORROW });
    await schedule(text).expect(503);
    await schedule(text.slice(1)).expect(202);
  });

  it('count as waiting when they are due or wait for a retry', async () => {
    for (let count = 0; count < 3; count += 1) {
      await request(taskApi.app).post(`/api/add/task?run_at=${TOMORROW}`).expect(202);
    }
    await taskApi.postgres.db.query(
      `UPDATE jobs SET run_at = CASE WHEN id = (SELECT min(id::text)::uuid FROM jobs) THEN now() ELSE run_at END, attempt = 1`,
    );
    const app = taskApi.createApp();
    await request(app).post('/api/add/task').expect(202);
    await request(app).post('/api/add/task').expect(202);
    await request(app).post('/api/add/task').expect(503);
    await request(app).post(`/api/add/task?run_at=${TOMORROW}`).expect(202);
  });

  it('do not include those whose time has already passed', async () => {
    const app = taskApi.createApp();
    const late = () => request(app).post('/api/add/task?run_at=2020-01-01T00:00:00Z');
    for (let count = 0; count < 5; count += 1) await late().expect(202);
    await late().expect(503);
  });
});

describe('the bytes of all inputs', () => {
  it('have an exact limit', async () => {
    const app = taskApi.createApp();
    await postImage(app, 600).expect(202);
    await request(app)
      .post('/internal/jobs/analyze')
      .send({ text: 'ä'.repeat(200) })
      .expect(202);
    const refused = await request(app).post('/api/add/x').expect(503);
    expect(refused.get('retry-after')).toBe('5');
    await request(taskApi.createApp()).post('/api/add/x').expect(503);
    expect(await rows()).toEqual({ jobs: 2, tasks: 0, inputs: 1 });
  });

  it('count as long as the input is stored, even for a failed job', async () => {
    const id = (await postImage(taskApi.app, 900).expect(202)).body.id as string;
    await taskApi.postgres.db.query(
      `UPDATE jobs SET status = 'failed', due_at = NULL, attempt = max_attempts, finished_at = now()`,
    );
    await postImage(taskApi.createApp(), 200).expect(503);
    await request(taskApi.app).delete(`/api/jobs/${id}`).expect(204);
    await postImage(taskApi.createApp(), 200).expect(202);
  });
});

it('has its own limit for images', async () => {
  const app = taskApi.createApp();
  const image = () =>
    request(app)
      .post('/internal/jobs/image?effects=bw')
      .set('Content-Type', 'image/png')
      .send(Buffer.from('x'));
  await image().expect(202);
  await image().expect(202);
  await image().expect(503);
  await request(app).post('/api/add/task').expect(202);
  expect(await rows()).toEqual({ jobs: 3, tasks: 1, inputs: 2 });
});

it('still repeats the response to an accepted request, without storing anything new', async () => {
  const app = taskApi.createApp();
  const add = (key: string, task = 'task') =>
    request(app).post(`/api/add/${task}`).set('Idempotency-Key', key);
  const first = await add('key-1').expect(202);
  for (let count = 1; count < 5; count += 1) await add(`other-${count}`).expect(202);
  await add('new').expect(503);

  expect((await add('key-1').expect(202)).body).toEqual(first.body);
  await add('key-1', 'other').expect(422);
  expect(await rows()).toEqual({ jobs: 5, tasks: 5, inputs: 0 });
});
