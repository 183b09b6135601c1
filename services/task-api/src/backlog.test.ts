import request from 'supertest';
import { startTaskApi, type TestTaskApi } from '../../../tests/support/task-api.js';

let taskApi: TestTaskApi;
beforeAll(async () => {
  taskApi = await startTaskApi({ backlog: { jobs: 5, images: 2 } });
});
afterAll(() => taskApi.stop());
beforeEach(() => taskApi.empty());

const rows = async () =>
  (
    await taskApi.postgres.db.query<{ jobs: number; tasks: number; inputs: number }>(
      `SELECT (SELECT count(*)::int FROM jobs) AS jobs, (SELECT count(*)::int FROM tasks) AS tasks,
              (SELECT count(*)::int FROM job_inputs) AS inputs`,
    )
  )[0];

it('answers 503 with Retry-After past the backlog limit, stores nothing of it, and takes work again when there is room', async () => {
  // A fresh app each: the count of the one before is up to a second old.
  const app = taskApi.createApp();
  const add = () => request(app).post('/api/add/task');
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) ids.push((await add().expect(202)).body.id);
  const refused = await add().expect(503);
  expect(refused.get('retry-after')).toBe('5');
  expect(refused.type).toBe('application/problem+json');
  expect(await rows()).toEqual({ jobs: 5, tasks: 5, inputs: 0 });

  await request(app).delete(`/api/jobs/${ids[0]}`).expect(200);
  await request(taskApi.createApp()).post('/api/add/task').expect(202);
});

it('has a limit of its own for pictures', async () => {
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

it('still gives the answer of a request that it has accepted already, and takes nothing new for it', async () => {
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
