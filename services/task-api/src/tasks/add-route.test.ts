import { JOB_QUEUES } from '@millrace/contracts';
import { Redis } from 'ioredis';
import request from 'supertest';
import { eventually } from '../../../../tests/support/eventually.js';
import { startTaskApi, type TestTaskApi } from '../../../../tests/support/task-api.js';
import { workerCalls } from '../../../../tests/support/worker-calls.js';

let taskApi: TestTaskApi;
/** Not over the link that some tests cut. */
let redis: Redis;
beforeAll(async () => {
  taskApi = await startTaskApi();
  taskApi.keepSweeping();
  redis = new Redis(taskApi.redis.server.url);
});
afterAll(async () => {
  redis.disconnect();
  await taskApi.stop();
});
beforeEach(() => taskApi.empty());

const call = () => request(taskApi.app);

/** Waits until exactly these jobs are in the queue. */
const published = (ids: string[]) =>
  eventually(async () => {
    expect((await redis.zrange(JOB_QUEUES.task, '0', '-1')).sort()).toEqual([...ids].sort());
  });

describe.each([
  ['POST /api/add/:task', () => call().post('/api/add/task1')],
  ['POST /api/add', () => call().post('/api/add').send({ task: 'task1' })],
  ['GET /add/:task', () => call().get('/add/task1')],
])('%s', (_name, add) => {
  it('answers 202, and creates a task, a job and a queue entry', async () => {
    const response = await add().set('X-Request-Id', 'request-7').expect(202);
    const { id } = response.body;
    expect(response.body).toEqual({
      id: expect.any(String),
      task: 'task1',
      status: 'queued',
      status_url: `/api/jobs/${id}`,
      processed_by_pod: 'task-api-test',
    });
    expect(response.get('location')).toBe(`/api/jobs/${id}`);

    const job = (await call().get(`/api/jobs/${id}`).expect(200)).body;
    expect(job).toEqual({
      id,
      kind: 'task',
      status: 'queued',
      priority: 'medium',
      progress: { done: 0, total: 1 },
      attempts: [],
      attempt_count: 0,
      max_attempts: 3,
      result: null,
      error: null,
      processed_by_pod: null,
      run_at: job.created_at,
      created_at: expect.any(String),
      started_at: null,
      finished_at: null,
    });
    const task = (await call().get(`/api/tasks/${id}`).expect(200)).body;
    expect(task).toMatchObject({ title: 'task1', status: 'queued', completed: false });

    await published([id]);
  });
});

it('accepts a priority, and passes request id and trace on', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const add = call().post('/api/add').set({ traceparent, 'X-Request-Id': 'request-7' });
  const { id } = (await add.send({ task: 'urgent', priority: 'high' }).expect(202)).body;
  expect((await call().get(`/api/jobs/${id}`)).body.priority).toBe('high');
  await published([id]);
  const context = { request_id: 'request-7', traceparent };
  expect(await workerCalls(() => taskApi.app).claim(id)).toMatchObject(context);
});

it('accepts a description in the body, and stores it with the task', async () => {
  const add = call().post('/api/add').send({ task: 'Buy milk', description: '2L whole' });
  const { id } = (await add.expect(202)).body;
  expect((await call().get(`/api/tasks/${id}`)).body).toMatchObject({
    title: 'Buy milk',
    description: '2L whole',
  });
  await call()
    .post('/api/add')
    .send({ task: 'x', description: 'x'.repeat(10_000) })
    .expect(202);
  await call().post('/api/add/x?description=no').expect(400);
});

it('distinguishes descriptions under one Idempotency-Key', async () => {
  const add = (body: object) => call().post('/api/add').set('Idempotency-Key', 'key-1').send(body);
  const first = await add({ task: 'a', description: 'one' }).expect(202);
  expect((await add({ task: 'a', description: 'one' }).expect(202)).body).toEqual(first.body);
  await add({ task: 'a', description: 'two' }).expect(422);
  await add({ task: 'a' }).expect(422);
});

describe('run_at', () => {
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();

  it.each([
    ['0000-01-01T00:00:00Z', 'must be between'],
    ['9999-12-31T23:59:59-14:00', 'must be between'],
    ['2099-01-01T00:00:00Z', 'must be between'],
    ['2026-11-22T08:00:00 16:00', 'write + as %2B'],
  ])('is refused, in the query and in the body: %s', async (run_at, message) => {
    const answers = [
      await call().post('/api/add/x').query({ run_at }).expect(400),
      await call().get('/add/x').query({ run_at }).expect(400),
      await call().post('/api/add').send({ task: 'x', run_at }).expect(422),
      await call().post('/internal/jobs/analyze').send({ text: 'x', run_at }).expect(422),
    ];
    for (const { body } of answers) {
      expect(body.errors).toEqual([{ path: 'run_at', message: expect.stringContaining(message) }]);
    }
    await published([]);
  });

  it('is UTC in the response, whatever its offset was', async () => {
    const sameWithOffset = inAnHour.replace('Z', '+00:00');
    const { id } = (await call().post('/api/add').send({ task: 'x', run_at: sameWithOffset }).expect(202))
      .body;
    expect((await call().get(`/api/jobs/${id}`)).body).toMatchObject({ status: 'queued', run_at: inAnHour });
    await call().post('/api/add/x').query({ run_at: '2026-01-01T00:00:00+16:00' }).expect(202);
  });

  it('means right away when it has passed', async () => {
    const { id } = (await call().post('/api/add/x?run_at=1970-01-01T00:00:00Z').expect(202)).body;
    await published([id]);
  });
});

it('decodes the task in a path', async () => {
  const { body } = await call().post('/api/add/caf%C3%A9%2Fcr%C3%A8me%20%25').expect(202);
  expect(body.task).toBe('café/crème %');
});

it('creates a task per call, even with the same name', async () => {
  const first = (await call().post('/api/add/same')).body.id;
  const second = (await call().post('/api/add/same')).body.id;
  await published([first, second]);
});

it.each([
  ['a NUL in the path', '/api/add/a%00b', 400],
  ['a blank task in the path', '/api/add/%20', 400],
  ['a path that is not percent-encoded UTF-8', '/api/add/%ff', 400],
  ['a task of 10,001 characters in the path', `/api/add/${'x'.repeat(10_001)}`, 400],
])('refuses %s', async (_case, path, status) => {
  const response = await call().post(path).expect(status);
  expect(response.type).toBe('application/problem+json');
});

it.each([
  ['no task', {}],
  ['a blank task', { task: ' ' }],
  ['a task that is not text', { task: { name: 'x' } }],
  ['a NUL', { task: 'a\0' }],
  ['a task of 10,001 characters', { task: 'x'.repeat(10_001) }],
  ['a description of 10,001 characters', { task: 'x', description: 'x'.repeat(10_001) }],
  ['an unknown priority', { task: 'x', priority: 'urgent' }],
  ['an unknown field', { task: 'x', colour: 'red' }],
])('refuses a body with %s', async (_case, body) => {
  const response = await call().post('/api/add').send(body).expect(422);
  expect(response.type).toBe('application/problem+json');
  await published([]);
});

it('accepts a task of 10,000 characters in the path', async () => {
  await call()
    .post(`/api/add/${'x'.repeat(10_000)}`)
    .expect(202);
});

describe.each([
  ['is down', () => taskApi.redis.link.cut()],
  ['hangs', () => taskApi.redis.link.freeze()],
])('while Redis %s', (_case, damage) => {
  afterEach(() => taskApi.redis.link.mend());

  it('answers 202 without waiting, and publishes when Redis is back', async () => {
    await damage();
    const ids: string[] = [];
    const begun = performance.now();
    for (const task of ['a', 'b', 'c']) ids.push((await call().post(`/api/add/${task}`).expect(202)).body.id);
    // Otherwise, each waits for Redis for 2 s.
    expect(performance.now() - begun).toBeLessThan(4_000);
    await published([]);

    await taskApi.redis.link.mend();
    await published(ids);
  });
});

it('republishes what Redis has lost', async () => {
  const ids: string[] = [];
  for (const task of ['a', 'b', 'c']) ids.push((await call().post(`/api/add/${task}`).expect(202)).body.id);
  await published(ids);
  await taskApi.redis.redis.flushall();
  await published(ids);
});

it('does not publish twice what is still in the queue', async () => {
  const { id } = (await call().post('/api/add/a').expect(202)).body;
  await published([id]);
  // At least two sweeps have run by then: each sweep that takes the job moves its time forward.
  const dueAt = async () =>
    String(
      (await taskApi.postgres.db.query<{ due_at: Date }>('SELECT due_at FROM jobs'))[0]!.due_at.getTime(),
    );
  for (let sweeps = 0; sweeps < 2; sweeps++) {
    const before = await dueAt();
    await eventually(async () => expect(await dueAt()).not.toBe(before));
  }
  await published([id]);
});

it('answers 503 when the database is down: nothing is accepted that could be lost', async () => {
  await taskApi.postgres.link.cut();
  const response = await call().post('/api/add/a').expect(503);
  expect(response.get('retry-after')).toBe('1');
  await taskApi.postgres.link.mend();
  const { id } = (await call().post('/api/add/a').expect(202)).body;
  await published([id]);
});
