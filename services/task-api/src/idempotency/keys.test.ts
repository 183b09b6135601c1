import type { Postgres } from '@millrace/chassis/stores/postgres';
import request from 'supertest';
import { eventually } from '../../../../tests/support/eventually.js';
import { useTaskApi } from '../../../../tests/support/task-api.js';
import { forgetOldKeys } from './keys.js';

const taskApi = useTaskApi();

const add = (key: string, task = 'task1') =>
  request(taskApi.app).post('/api/add').set('Idempotency-Key', key).send({ task });
const create = (key: string, title = 'Buy milk', path = '/api/tasks') =>
  request(taskApi.app).post(path).set('Idempotency-Key', key).send({ title });
const jobs = () => taskApi.postgres.db.query('SELECT id FROM jobs');
const tasks = () => taskApi.postgres.db.query('SELECT id FROM tasks');
const age = () =>
  taskApi.postgres.db.query(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours'`);

describe('Idempotency-Key', () => {
  it('returns the same response to the same request, and does the work once', async () => {
    const first = await add('key-1').expect(202);
    const second = await add('key-1').expect(202);
    expect(second.body).toEqual(first.body);
    expect(second.get('location')).toBe(first.get('location'));
    expect(await jobs()).toHaveLength(1);
  });

  it('works for twenty concurrent requests', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => add('key-1')));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.every(({ status }) => status === 202)).toBe(true);
    expect(await jobs()).toHaveLength(1);
  });

  it('answers 422 when the key was used for another request', async () => {
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

  it('distinguishes images by their bytes', async () => {
    const image = (bytes: string) =>
      request(taskApi.app)
        .post('/internal/jobs/image?effects=bw')
        .set({ 'Idempotency-Key': 'key-1', 'Content-Type': 'image/png' })
        .send(Buffer.from(bytes));
    const first = await image('a').expect(202);
    expect((await image('a').expect(202)).body).toEqual(first.body);
    await image('b').expect(422);
  });

  it('takes one connection, however many requests with it wait for the first one', async () => {
    const { db } = taskApi.postgres;
    const lockWaits = async () =>
      (await db.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)).length;
    // On another replica, where it takes a while, and fails.
    let fail = () => {};
    const failed = new Promise<never>((_resolve, reject) => (fail = () => reject(new Error('failed'))));
    const first = db.transaction(async (tx) => {
      await tx.query(`INSERT INTO idempotency_keys (key, fingerprint) VALUES ('key-1', '')`);
      await failed;
    });
    const repetitions = Promise.all(Array.from({ length: 30 }, () => add('key-1')));
    await eventually(async () => expect(await lockWaits()).toBeGreaterThan(0));
    const other = await add('key-2');
    const waits = await lockWaits();
    fail();
    await expect(first).rejects.toThrow('failed');
    expect(other.status).toBe(202);
    expect(waits).toBeLessThanOrEqual(1);
    // On a busy machine, some have waited for too long by now.
    const accepted = (await repetitions).filter(({ status }) => status === 202);
    expect(new Set(accepted.map(({ body }) => body.id)).size).toBeLessThanOrEqual(1);
    expect((await jobs()).length).toBeLessThanOrEqual(2);
  });

  it('is answered with 503 when the first request takes too long', async () => {
    const { db } = taskApi.postgres;
    let goOn = () => {};
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    let isHeld = false;
    const slow: Postgres = {
      ...db,
      transaction: (work) =>
        db.transaction(async (tx) => {
          const result = await work(tx);
          isHeld = true;
          await gate;
          return result;
        }),
    };
    const first = request(taskApi.createApp({ postgres: slow }))
      .post('/api/add')
      .set('Idempotency-Key', 'key-1')
      .send({ task: 'task1' })
      .then(({ status }) => status);
    await eventually(() => expect(isHeld).toBe(true));
    const second = await add('key-1');
    goOn();
    expect(await first).toBe(202);
    expect([second.status, second.get('retry-after'), second.body.work_begun]).toEqual([503, '1', false]);
  });

  it('is forgotten after a day', async () => {
    const first = await add('key-1').expect(202);
    await age();
    await forgetOldKeys(taskApi.postgres.db);
    expect((await add('key-1').expect(202)).body.id).not.toBe(first.body.id);
  });

  it('is forgotten a thousand at a time', async () => {
    await taskApi.postgres.db.query(
      `INSERT INTO idempotency_keys (key, fingerprint, answer) SELECT n, '', '{}' FROM generate_series(1, 1500) AS n`,
    );
    await age();
    expect(await forgetOldKeys(taskApi.postgres.db)).toBe(true);
    expect(await taskApi.postgres.db.query('SELECT FROM idempotency_keys')).toHaveLength(500);
    expect(await forgetOldKeys(taskApi.postgres.db)).toBe(false);
    expect(await taskApi.postgres.db.query('SELECT FROM idempotency_keys')).toEqual([]);
  });

  it('returns the first response even when the key expires during the lookup', async () => {
    const first = await add('key-1').expect(202);
    await age();
    const { db } = taskApi.postgres;
    // The sweeper runs, on its own connection, after every statement.
    const disturbed: Postgres = {
      ...db,
      transaction: (work) =>
        db.transaction((tx) =>
          work({
            async query<Row extends object>(text: string, values?: unknown[]) {
              const rows = await tx.query<Row>(text, values);
              await forgetOldKeys(db);
              return rows;
            },
          }),
        ),
    };
    const replay = await request(taskApi.createApp({ postgres: disturbed }))
      .post('/api/add')
      .set('Idempotency-Key', 'key-1')
      .send({ task: 'task1' })
      .expect(202);
    expect(replay.body).toEqual(first.body);
    expect(await jobs()).toHaveLength(1);
  });

  it.each(['', 'with space', 'x'.repeat(256), 'ä'])(
    'answers 400 to the key %j, and names the header',
    async (key) => {
      for (const answer of [add(key), create(key)]) {
        const { body } = await answer.expect(400);
        expect(body.detail).toBe('The header Idempotency-Key is invalid.');
        expect(body.errors).toEqual([
          { path: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' },
        ]);
      }
    },
  );

  describe.each(['/api/tasks', '/tasks'])('of POST %s', (path) => {
    it('creates one task, and returns the same response again', async () => {
      const first = await create('key-1', 'Buy milk', path).expect(201);
      await request(taskApi.app).patch(`/api/tasks/${first.body.id}`).send({ completed: true }).expect(200);
      const second = await create('key-1', 'Buy milk', path).expect(201);
      expect(second.body).toEqual(first.body);
      expect(second.get('location')).toBe(`/api/tasks/${first.body.id}`);
      expect(await tasks()).toHaveLength(1);
    });

    it('works for twenty concurrent requests', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => create('key-1', 'Buy milk', path).expect(201)),
      );
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
      expect(await tasks()).toHaveLength(1);
    });

    it('answers 422 when the key was used for another request', async () => {
      await create('key-1', 'Buy milk', path).expect(201);
      expect((await create('key-1', 'Buy bread', path).expect(422)).body.detail).toContain('Idempotency-Key');
      await add('key-1', 'Buy milk').expect(422);
      expect(await tasks()).toHaveLength(1);
    });
  });

  it('stores nothing of a refused or failed request', async () => {
    await add('key-1', ' ').expect(422);
    await taskApi.postgres.link.cut();
    await add('key-1').expect(503);
    await taskApi.postgres.link.mend();
    await add('key-1').expect(202);
    expect(await jobs()).toHaveLength(1);
  });
});
