import request from 'supertest';
import { startTaskApi, type TestTaskApi } from '../../../tests/support/task-api.js';
import { forgetOldKeys } from './idempotency.js';

let taskApi: TestTaskApi;
beforeAll(async () => {
  taskApi = await startTaskApi();
});
afterAll(() => taskApi.stop());
beforeEach(() => taskApi.empty());

const add = (key: string, task = 'task1') =>
  request(taskApi.app).post('/api/add').set('Idempotency-Key', key).send({ task });
const jobs = () => taskApi.postgres.db.query('SELECT id FROM jobs');

describe('Idempotency-Key', () => {
  it('gives the same answer to the same request, and does the work once', async () => {
    const first = await add('key-1').expect(202);
    const second = await add('key-1').expect(202);
    expect(second.body).toEqual(first.body);
    expect(second.get('location')).toBe(first.get('location'));
    expect(await jobs()).toHaveLength(1);
  });

  it('holds for twenty requests at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => add('key-1')));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.every(({ status }) => status === 202)).toBe(true);
    expect(await jobs()).toHaveLength(1);
  });

  it('answers 422 when the key was used for something else', async () => {
    await add('key-1', 'one').expect(202);
    const response = await add('key-1', 'two').expect(422);
    expect(response.body.detail).toContain('Idempotency-Key');
    await request(taskApi.app)
      .post('/internal/jobs/image?effects=bw')
      .set({ 'Idempotency-Key': 'key-1', 'Content-Type': 'image/png' })
      .send(Buffer.from('x'))
      .expect(422);
    expect(await jobs()).toHaveLength(1);
  });

  it('tells pictures apart by their bytes', async () => {
    const image = (bytes: string) =>
      request(taskApi.app)
        .post('/internal/jobs/image?effects=bw')
        .set({ 'Idempotency-Key': 'key-1', 'Content-Type': 'image/png' })
        .send(Buffer.from(bytes));
    const first = await image('a').expect(202);
    expect((await image('a').expect(202)).body).toEqual(first.body);
    await image('b').expect(422);
  });

  it('is forgotten after a day', async () => {
    const first = await add('key-1').expect(202);
    await taskApi.postgres.db.query(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours'`);
    await forgetOldKeys(taskApi.postgres.db);
    expect((await add('key-1').expect(202)).body.id).not.toBe(first.body.id);
  });

  it.each(['', 'with space', 'x'.repeat(256), 'ä'])('answers 400 to the key %j', async (key) => {
    await add(key).expect(400);
  });

  it('keeps nothing of a request that was refused or failed', async () => {
    await add('key-1', ' ').expect(422);
    await taskApi.postgres.link.cut();
    await add('key-1').expect(503);
    await taskApi.postgres.link.mend();
    await add('key-1').expect(202);
    expect(await jobs()).toHaveLength(1);
  });
});
