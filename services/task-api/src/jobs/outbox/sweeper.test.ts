import type { Queryable } from '@millrace/chassis/stores/postgres';
import { JOB_QUEUES } from '@millrace/contracts';
import request from 'supertest';
import { eventually } from '../../../../../tests/support/eventually.js';
import { silentLogger } from '../../../../../tests/support/service-basics.js';
import { startTaskApi, type TestTaskApi } from '../../../../../tests/support/task-api.js';
import { workerCalls } from '../../../../../tests/support/worker-calls.js';
import { createJobPublisher, type DueJob, type JobPublisher } from './publisher.js';
import { createSweeper } from './sweeper.js';

const REPUBLISH_AFTER_MS = 30_000;

let taskApi: TestTaskApi;
let publisher: JobPublisher;
beforeAll(async () => {
  taskApi = await startTaskApi();
  publisher = createJobPublisher(taskApi.redis.redis);
});
afterAll(() => taskApi.stop());
beforeEach(() => taskApi.empty());

const add = async (query = ''): Promise<string> =>
  (await request(taskApi.app).post(`/api/add/task${query}`).expect(202)).body.id;
const query = <Row extends object>(text: string, values?: unknown[]) =>
  taskApi.postgres.db.query<Row>(text, values);
const passTime = () => query('UPDATE jobs SET due_at = now()');
const sweeper = (
  own: { db?: Queryable; publisher?: Pick<JobPublisher, 'publish' | 'hasLostMessages'> } = {},
) =>
  createSweeper({
    db: taskApi.postgres.db,
    publisher,
    hints: { changed: () => undefined },
    republishAfterMs: REPUBLISH_AFTER_MS,
    logger: silentLogger(),
    ...own,
  });
/** Publishes nothing, and remembers what it was given. */
const recorder = (lost: () => boolean = () => false) => {
  const published: string[] = [];
  return {
    published,
    publish: (jobs: DueJob[]) => Promise.resolve(void published.push(...jobs.map(({ id }) => id))),
    hasLostMessages: () => Promise.resolve(lost()),
  };
};
const inRedis = async () => (await taskApi.redis.redis.zrange(JOB_QUEUES.task, '0', '-1')).sort();

describe('a job that keeps waiting', () => {
  /** To ten seconds: on a busy machine, part of the pause may be over already, or the next one may be longer by that part. */
  const pause = async () => {
    const [job] = await query<{ seconds: number }>(
      'SELECT round(extract(epoch FROM due_at - now()), -1)::int AS seconds FROM jobs',
    );
    return job!.seconds;
  };
  /** As if the pause that the sweeper has set were over. */
  const waitOut = () =>
    query(
      'UPDATE jobs SET published_at = published_at - (due_at - now()), run_at = run_at - (due_at - now()), due_at = now()',
    );

  it('is published again after 30 s, then with doubling pauses, up to every eight minutes', async () => {
    await add();
    await passTime();
    const pauses: number[] = [];
    for (let time = 0; time < 7; time += 1) {
      await sweeper().sweep();
      pauses.push(await pause());
      await waitOut();
    }
    expect(pauses).toEqual([30, 60, 120, 240, 480, 480, 480]);
  });

  it.each([
    ['its worker vanished', `UPDATE jobs SET status = 'processing', attempt = attempt + 1, due_at = now()`],
    ['it was tried again', 'UPDATE jobs SET attempt = attempt + 1, run_at = now(), due_at = now()'],
  ])('starts over with 30 s when %s', async (_case, change) => {
    await add();
    await passTime();
    for (let time = 0; time < 3; time += 1) {
      await sweeper().sweep();
      await waitOut();
    }
    await query(change);
    await sweeper().sweep();
    expect(await pause()).toBe(30);
  });
});

describe('what Redis has lost', () => {
  it('is published at once, however long ago it was published, and no row is written for it', async () => {
    const ids = [await add(), await add(), await add()];
    const sweeping = sweeper();
    await sweeping.sweep();
    await eventually(async () => expect(await inRedis()).toHaveLength(3));
    await query(`UPDATE jobs SET due_at = now() + interval '8 min'`);
    const rows = await query('SELECT xmin, id FROM jobs ORDER BY id');
    await sweeping.sweep();

    await taskApi.redis.redis.flushall();
    await sweeping.sweep();
    expect(await inRedis()).toEqual([...ids].sort());
    expect(await query('SELECT xmin, id FROM jobs ORDER BY id')).toEqual(rows);
  });

  it('is noticed by every replica, even when only the latest writes are lost, and when Redis is new and empty', async () => {
    const [one, other] = [publisher, createJobPublisher(taskApi.redis.redis)];
    expect(await one.hasLostMessages()).toBe(true);
    expect(await other.hasLostMessages()).toBe(false);
    for (let time = 0; time < 3; time += 1) {
      expect([await one.hasLostMessages(), await other.hasLostMessages()]).toEqual([false, false]);
    }
    await taskApi.redis.redis.decrby('jobs:questions', 2);
    expect([await one.hasLostMessages(), await other.hasLostMessages()]).toEqual([true, true]);
    await taskApi.redis.redis.flushall();
    expect([await one.hasLostMessages(), await other.hasLostMessages()]).toEqual([true, true]);
  });

  it('is everything due, in batches, and from the start when it is lost again in between', async () => {
    await query(
      `INSERT INTO jobs (kind, payload, priority, run_at, due_at, max_attempts, progress_total, request_id)
       SELECT 'analyze', '{"text": "a"}', 'low', now() + later, now() + interval '8 min', 3, 1, 'r'
         FROM generate_series(1, 1200), (VALUES (interval '0 s'), (interval '1 hour')) AS run (later)`,
    );
    let isLost = true;
    const { published, ...recording } = recorder(() => isLost);
    const sweeping = sweeper({ publisher: recording });
    expect(await sweeping.sweep()).toBe(true);
    expect(await sweeping.sweep()).toBe(true);
    expect(new Set(published).size).toBe(500);
    isLost = false;
    expect(await sweeping.sweep()).toBe(true);
    expect(await sweeping.sweep()).toBe(false);
    expect(new Set(published).size).toBe(1200);
    published.length = 0;
    expect(await sweeping.sweep()).toBe(false);
    expect(published).toEqual([]);
  });
});

describe('while Redis accepts nothing', () => {
  it('writes no row: a job that was not published does not count as published', async () => {
    await add();
    await passTime();
    const rows = await query('SELECT xmin FROM jobs');
    await taskApi.redis.redis.config('SET', 'maxmemory', '1');
    try {
      await expect(sweeper().sweep()).rejects.toThrow('not available');
    } finally {
      await taskApi.redis.redis.config('SET', 'maxmemory', '0');
    }
    expect(await query('SELECT xmin FROM jobs')).toEqual(rows);
  });

  it('keeps jobs due that it could not publish', async () => {
    const id = await add();
    await passTime();
    const fails = { ...recorder(), publish: () => Promise.reject(new Error('gone')) };
    await expect(sweeper({ publisher: fails }).sweep()).rejects.toThrow('gone');
    const { published, ...works } = recorder();
    await sweeper({ publisher: works }).sweep();
    expect(published).toEqual([id]);
  });

  it('holds no lock on the jobs that it publishes', async () => {
    await add();
    await passTime();
    const whilePublishing = {
      ...recorder(),
      publish: async () => {
        await query('SELECT FROM jobs FOR UPDATE NOWAIT');
      },
    };
    await sweeper({ publisher: whilePublishing }).sweep();
  });
});

it('starts no job more often than allowed when its last lease expires during a sweep', async () => {
  const id = await add();
  const { db } = taskApi.postgres;
  await query(
    `UPDATE jobs SET status = 'processing', attempt = max_attempts, due_at = now() + interval '1 hour'`,
  );
  // After each statement of the sweep, the lease has expired.
  const hurried: Queryable = {
    async query(text, values) {
      const rows = await db.query<never>(text, values);
      await passTime();
      return rows;
    },
  };
  const { published, ...recording } = recorder();
  await sweeper({ db: hurried, publisher: recording }).sweep();
  await sweeper({ publisher: recording }).sweep();
  expect(published).toEqual([]);
  const { status } = (await request(taskApi.app).get(`/api/jobs/${id}`).expect(200)).body;
  expect(status).toBe('failed');
  expect(await workerCalls(() => taskApi.app).claim(id)).toBeUndefined();
});

it('takes 500 jobs at a time, and reports that there are more', async () => {
  await query(
    `INSERT INTO jobs (kind, payload, priority, run_at, due_at, max_attempts, progress_total, request_id)
     SELECT 'analyze', '{"text": "a"}', 'low', now(), now(), 3, 1, 'r' FROM generate_series(1, 700)`,
  );
  const { published, ...recording } = recorder();
  expect(await sweeper({ publisher: recording }).sweep()).toBe(true);
  expect(published).toHaveLength(500);
  expect(await sweeper({ publisher: recording }).sweep()).toBe(false);
  expect(new Set(published).size).toBe(700);
});
