import { randomBytes, randomUUID } from 'node:crypto';
import type { ClaimedJob, Job, JobListItem } from '@millrace/contracts';
import request from 'supertest';
import { eventually } from '../../../../tests/support/eventually.js';
import { startTaskApi, type TestTaskApi } from '../../../../tests/support/task-api.js';

let taskApi: TestTaskApi;
beforeAll(async () => {
  taskApi = await startTaskApi();
});
afterAll(() => taskApi.stop());
beforeEach(() => taskApi.empty());

const call = () => request(taskApi.app);
const add = async (task = 'a'): Promise<string> =>
  (await call().post(`/api/add/${task}`).expect(202)).body.id;
const jobOf = async (id: string): Promise<Job> => (await call().get(`/api/jobs/${id}`).expect(200)).body;
const taskOf = async (id: string) => (await call().get(`/api/tasks/${id}`).expect(200)).body;
const post = (id: string, action: string, body: object) =>
  call().post(`/internal/jobs/${id}/${action}`).send(body);
const claim = async (id: string, pod = 'worker-1'): Promise<ClaimedJob> =>
  (await post(id, 'claim', { pod, claim: randomUUID() }).expect(200)).body;

/** Ends the current lease, or the pause before the next attempt, as if its time had passed. */
const passTime = () =>
  taskApi.postgres.db.query(
    'UPDATE jobs SET due_at = now(), run_at = least(run_at, now()) WHERE due_at IS NOT NULL',
  );
const sweep = () => taskApi.sweepOnce();
/** Waits until so many statements wait for a row that another transaction holds. */
const waiting = (count: number) =>
  eventually(async () => {
    const [row] = await taskApi.postgres.db.query<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    expect(row!.count).toBe(count);
  });

describe('a job', () => {
  it('is claimed, done and shown with its result, and its task with it', async () => {
    const id = await add('task1');
    expect(await claim(id)).toEqual({
      id,
      kind: 'task',
      attempt: 1,
      lease_ms: 30_000,
      payload: { task: 'task1' },
    });
    expect(await jobOf(id)).toMatchObject({
      status: 'processing',
      attempts: [{ attempt: 1, pod: 'worker-1', outcome: null, finished_at: null, error: null }],
      processed_by_pod: 'worker-1',
      started_at: expect.any(String),
      finished_at: null,
    });
    expect(await taskOf(id)).toMatchObject({ status: 'processing', completed: false });

    await post(id, 'complete', { attempt: 1, result: { task: 'task1' } }).expect(204);
    expect(await jobOf(id)).toMatchObject({
      status: 'completed',
      result: { task: 'task1' },
      error: null,
      finished_at: expect.any(String),
    });
    expect(await taskOf(id)).toMatchObject({
      status: 'completed',
      completed: true,
      processed_by_pod: 'worker-1',
    });
    expect(await sweep()).toEqual([]);
  });

  it('has, as an image, a name of its own for the finished picture, the same in every attempt', async () => {
    const { id } = (
      await call()
        .post('/internal/jobs/image?effects=bw')
        .set('Content-Type', 'image/png')
        .send(Buffer.from('x'))
        .expect(202)
    ).body;
    const first = await claim(id);
    expect(first.payload).toEqual({ type: 'image/png', effects: ['bw'], image_id: expect.any(String) });
    const { image_id } = first.payload as { image_id: string };
    expect(image_id).not.toBe(id);
    await passTime();
    expect((await claim(id)).payload).toEqual(first.payload);
    expect(JSON.stringify((await call().get('/api/jobs').expect(200)).body)).not.toContain(image_id);
  });

  it('goes to one of ten workers that claim it at once', async () => {
    const id = await add();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, number) =>
        post(id, 'claim', { pod: `worker-${number}`, claim: randomUUID() }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(409)]);
    expect((await jobOf(id)).attempts).toHaveLength(1);
  });

  it('is the same attempt when a claim is repeated because its answer was lost', async () => {
    const id = await add();
    const claim = { pod: 'worker-1', claim: randomUUID() };
    const first = await post(id, 'claim', claim).expect(200);
    expect((await post(id, 'claim', claim).expect(200)).body).toEqual(first.body);
    expect((await jobOf(id)).attempts).toHaveLength(1);
    await post(id, 'complete', { attempt: 1, result: null }).expect(204);
    await post(id, 'claim', claim).expect(409);
  });

  it('counts once, when it is done twice', async () => {
    const id = await add();
    await claim(id);
    await post(id, 'complete', { attempt: 1, result: 'first' }).expect(204);
    await post(id, 'complete', { attempt: 1, result: 'second' }).expect(204);
    await post(id, 'fail', { attempt: 1, error: 'late' }).expect(409);
    await post(id, 'claim', { pod: 'worker-2', claim: randomUUID() }).expect(409);
    expect(await jobOf(id)).toMatchObject({ status: 'completed', result: 'first' });
  });

  it('goes to another worker when its lease is over; what the first one then says does not count', async () => {
    const id = await add();
    await claim(id, 'worker-1');
    await post(id, 'claim', { pod: 'worker-2', claim: randomUUID() }).expect(409);
    await passTime();
    expect((await claim(id, 'worker-2')).attempt).toBe(2);

    await post(id, 'complete', { attempt: 1, result: 'late' }).expect(409);
    await post(id, 'fail', { attempt: 1, error: 'late' }).expect(409);
    expect(await jobOf(id)).toMatchObject({
      status: 'processing',
      attempts: [
        { attempt: 1, pod: 'worker-1', outcome: 'lost' },
        { attempt: 2, pod: 'worker-2', outcome: null },
      ],
      processed_by_pod: 'worker-2',
    });
    await post(id, 'complete', { attempt: 2, result: 'mine' }).expect(204);
    expect(await jobOf(id)).toMatchObject({ status: 'completed', result: 'mine' });
  });

  it('is published anew, as a message of its own, when its worker vanished', async () => {
    const id = await add();
    await claim(id);
    expect(await sweep()).toEqual([]);
    await passTime();
    expect(await sweep()).toEqual([`${id}-1`]);
    expect((await jobOf(id)).status).toBe('queued');
  });

  it('may still be completed by a worker that is late, as long as no other has taken it over', async () => {
    const id = await add();
    await claim(id);
    await passTime();
    await sweep();
    await post(id, 'complete', { attempt: 1, result: 'late but good' }).expect(204);
    expect((await jobOf(id)).result).toBe('late but good');
  });

  it('is tried again after a failure, following a pause, and shows the error', async () => {
    const id = await add();
    await claim(id);
    await post(id, 'fail', { attempt: 1, error: 'out of paper' }).expect(204);
    expect(await jobOf(id)).toMatchObject({ status: 'queued', error: 'out of paper', finished_at: null });
    expect(await taskOf(id)).toMatchObject({ status: 'queued' });
    expect(await sweep()).toEqual([]);
    await passTime();
    expect(await sweep()).toEqual([`${id}-1`]);

    expect((await claim(id)).attempt).toBe(2);
    await post(id, 'complete', { attempt: 2, result: null }).expect(204);
    expect(await jobOf(id)).toMatchObject({
      status: 'completed',
      error: null,
      attempts: [
        { outcome: 'failed', error: 'out of paper' },
        { outcome: 'completed', error: null },
      ],
    });
  });

  it('is failed for good, and kept, when it is out of attempts', async () => {
    const id = await add();
    for (const attempt of [1, 2, 3]) {
      await claim(id);
      await post(id, 'fail', { attempt, error: `failure ${attempt}` }).expect(204);
      await passTime();
    }
    expect(await jobOf(id)).toMatchObject({
      status: 'failed',
      attempts: [1, 2, 3].map((attempt) => ({ attempt, outcome: 'failed', error: `failure ${attempt}` })),
      error: 'failure 3',
      finished_at: expect.any(String),
    });
    expect(await taskOf(id)).toMatchObject({ status: 'failed', completed: false });
    await post(id, 'claim', { pod: 'worker-1', claim: randomUUID() }).expect(409);
    expect(await sweep()).toEqual([]);
  });

  it.each([
    ['swept', () => sweep()],
    ['claimed by one with an old message', () => Promise.resolve()],
  ])('is never begun more often than allowed, when workers vanish and it is %s', async (_case, meanwhile) => {
    const id = await add();
    for (let attempt = 1; attempt <= 3; attempt++) {
      await claim(id);
      await passTime();
    }
    await meanwhile();
    await post(id, 'claim', { pod: 'worker-4', claim: randomUUID() }).expect(409);
    await sweep();
    expect(await jobOf(id)).toMatchObject({
      status: 'failed',
      attempts: [1, 2, 3].map((attempt) => ({ attempt, outcome: 'lost' })),
      error: 'The worker did not come back from the last attempt.',
    });
  });

  describe('whose attempt has ended', () => {
    const reports = {
      complete: { attempt: 1, result: 'first' },
      fail: { attempt: 1, error: 'out of paper' },
    };
    const renew = (id: string) => post(id, 'renew', { attempt: 1, progress: { done: 1, total: 2 } });

    it.each(['complete', 'fail'] as const)(
      'takes its %s again from the attempt that made it, for the answer may have been lost, and changes nothing',
      async (report) => {
        const id = await add();
        await claim(id);
        await post(id, report, reports[report]).expect(204);
        const job = await jobOf(id);
        await post(id, report, reports[report]).expect(204);
        await renew(id).expect(204);
        expect(await jobOf(id)).toEqual(job);
      },
    );

    it.each([
      ['complete', 'fail'],
      ['fail', 'complete'],
    ] as const)('stands by its %s: a %s that comes later does not count', async (first, second) => {
      const id = await add();
      await claim(id);
      await post(id, first, reports[first]).expect(204);
      const job = await jobOf(id);
      await post(id, second, reports[second]).expect(409);
      expect(await jobOf(id)).toEqual(job);
    });

    it('takes its failure again while the next attempt is under way, which goes on', async () => {
      const id = await add();
      await claim(id);
      await post(id, 'fail', reports.fail).expect(204);
      await passTime();
      await claim(id);
      const job = await jobOf(id);
      await post(id, 'fail', reports.fail).expect(204);
      await renew(id).expect(204);
      await post(id, 'complete', reports.complete).expect(409);
      expect(await jobOf(id)).toEqual(job);
      await post(id, 'complete', { attempt: 2, result: null }).expect(204);
    });

    it('pauses before the next, whatever a late renewal or claim says', async () => {
      const id = await add();
      const first = { pod: 'worker-1', claim: randomUUID() };
      await post(id, 'claim', first).expect(200);
      await post(id, 'fail', reports.fail).expect(204);
      await renew(id);
      expect(await jobOf(id)).toMatchObject({ status: 'queued', progress: { done: 0, total: 1 } });
      await passTime();
      await post(id, 'claim', first).expect(409);
      expect(await jobOf(id)).toMatchObject({ status: 'queued', attempts: [{ outcome: 'failed' }] });
      expect((await claim(id, 'worker-2')).attempt).toBe(2);
    });

    it('is not revived by a worker that was given up, when a person has it tried again', async () => {
      const id = await add();
      for (let attempt = 1; attempt <= 3; attempt++) {
        await claim(id);
        await passTime();
      }
      await sweep();
      await call().post(`/api/jobs/${id}/retry`).expect(202);
      for (const [report, body] of Object.entries({ renew: {}, ...reports })) {
        await post(id, report, { ...body, attempt: 3 }).expect(409);
      }
      expect(await jobOf(id)).toMatchObject({ status: 'queued', attempts: [{}, {}, { outcome: 'lost' }] });
      expect((await claim(id)).attempt).toBe(4);
    });

    it.each(['renew', 'complete'])(
      'is not revived by a %s that waits for the failure to be written',
      async (report) => {
        const id = await add();
        await claim(id);
        // Both have begun before either is done: the second waits for the first one's row.
        const [, second] = await taskApi.postgres.db.transaction(async (tx) => {
          await tx.query('SELECT FROM jobs WHERE id = $1 FOR UPDATE', [id]);
          const failing = post(id, 'fail', reports.fail).then((response) => response.status);
          await waiting(1);
          const late = post(id, report, report === 'renew' ? { attempt: 1 } : reports.complete);
          const answered = late.then((response) => response.status);
          await waiting(2);
          return [failing, answered] as const;
        });
        await second;
        expect(await jobOf(id)).toMatchObject({ status: 'queued', attempts: [{ outcome: 'failed' }] });
      },
    );
  });

  it('is failed by a worker that is late, as long as no other has taken it over', async () => {
    const id = await add();
    await claim(id);
    await passTime();
    await sweep();
    await post(id, 'fail', { attempt: 1, error: 'bad input', permanent: true }).expect(204);
    expect(await jobOf(id)).toMatchObject({ status: 'failed', error: 'bad input' });
  });

  it('is never begun more often than allowed, when its last lease ends in the middle of a sweep', async () => {
    const id = await add();
    for (let attempt = 1; attempt <= 3; attempt++) {
      await claim(id);
      await passTime();
    }
    // What a sweep makes of a lease that ends after it has looked for lost jobs.
    await taskApi.postgres.db.query(`UPDATE jobs SET status = 'queued' WHERE id = $1`, [id]);
    await post(id, 'claim', { pod: 'worker-4', claim: randomUUID() }).expect(409);
    expect(await sweep()).toEqual([]);
    expect(await jobOf(id)).toMatchObject({ status: 'failed', attempts: [{}, {}, { outcome: 'lost' }] });
  });

  it('goes with its task: nothing is left to claim or to complete', async () => {
    const id = await add();
    await claim(id);
    await call().delete(`/api/tasks/${id}`).expect(204);
    await call().get(`/api/jobs/${id}`).expect(404);
    await post(id, 'complete', { attempt: 1, result: null }).expect(409);
    await post(id, 'claim', { pod: 'worker-1', claim: randomUUID() }).expect(409);
  });

  it('is done even when somebody has ticked its task off meanwhile, whose time stands', async () => {
    const id = await add();
    await claim(id);
    const ticked = (await call().patch(`/api/tasks/${id}`).send({ completed: true }).expect(200)).body;
    await post(id, 'complete', { attempt: 1, result: null }).expect(204);
    expect((await taskOf(id)).completed_at).toBe(ticked.completed_at);
  });
});

it('divides due jobs among replicas that sweep at once, and keeps them due when publishing fails', async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, (_, number) => add(`t${number}`)));
  await passTime();
  await taskApi.redis.link.cut();
  await expect(taskApi.sweepToRedis()).rejects.toThrow('not available');
  await taskApi.redis.link.mend();
  const swept = (await Promise.all([sweep(), sweep(), sweep()])).flat();
  expect(swept.sort()).toEqual(ids.map((id) => `${id}-0`).sort());
});

describe('the list of jobs', () => {
  it('is newest first, by pages, and filters', async () => {
    const ids: string[] = [];
    for (const task of ['a', 'b', 'c']) ids.unshift(await add(task));
    const idsOf = (jobs: JobListItem[]) => jobs.map(({ id }) => id);
    expect(idsOf((await call().get('/api/jobs').expect(200)).body)).toEqual(ids);

    const first = await call().get('/api/jobs?limit=2&kind=task').expect(200);
    expect(idsOf(first.body)).toEqual(ids.slice(0, 2));
    const next = /^<([^>]+)>; rel="next"$/.exec(first.get('link')!)![1]!;
    expect(idsOf((await call().get(next).expect(200)).body)).toEqual(ids.slice(2));

    await claim(ids[1]!);
    expect(idsOf((await call().get('/api/jobs?status=processing')).body)).toEqual([ids[1]]);
    await call().get('/api/jobs?status=lost').expect(400);
    await call().get('/api/jobs/7').expect(400);
  });
});

it.each([
  ['claim', {}],
  ['claim', { pod: 'worker-1', claim: 'mine' }],
  ['complete', { result: null }],
  ['complete', { attempt: 'first', result: null }],
  ['fail', { attempt: 1 }],
  ['fail', { attempt: 1, error: 'x'.repeat(2_001) }],
])('answers 422 to %s with a body that is not as agreed', async (action, body) => {
  const id = await add();
  await post(id, action, body).expect(422);
});

it('answers 400 to an id that is none', async () => {
  await post('7', 'claim', { pod: 'worker-1', claim: randomUUID() }).expect(400);
});

it('runs the sweeper on while the database is away', async () => {
  taskApi.keepSweeping();
  await taskApi.postgres.link.cut();
  await taskApi.postgres.link.mend();
  const id = await add();
  const [before] = await taskApi.postgres.db.query<{ due_at: Date }>(
    'SELECT due_at FROM jobs WHERE id = $1',
    [id],
  );
  await eventually(async () => {
    const [now] = await taskApi.postgres.db.query<{ due_at: Date }>('SELECT due_at FROM jobs WHERE id = $1', [
      id,
    ]);
    expect(now).not.toEqual(before);
  });
});

describe('an input over which workers break down', () => {
  it('is tried in one more attempt, and then refused', async () => {
    const id = await add();
    await claim(id);
    await post(id, 'fail', { attempt: 1, error: 'blur-worker broke down', broke: true }).expect(204);
    expect(await jobOf(id)).toMatchObject({ status: 'queued' });
    await passTime();
    await claim(id);
    await post(id, 'fail', { attempt: 2, error: 'blur-worker broke down', broke: true }).expect(204);
    await post(id, 'fail', { attempt: 2, error: 'blur-worker broke down', broke: true }).expect(204);
    expect(await jobOf(id)).toMatchObject({ status: 'failed', error: 'blur-worker broke down' });
  });
});

describe('the picture of a job', () => {
  it('comes in parts, and is what was handed in', async () => {
    const bytes = randomBytes(3 * 1024 * 1024 + 7);
    const accepted = await request(taskApi.app)
      .post('/internal/jobs/image?effects=bw')
      .set('Content-Type', 'image/png')
      .send(bytes)
      .expect(202);
    const { id } = accepted.body as { id: string };
    const response = await request(taskApi.app).get(`/internal/jobs/${id}/input`).buffer(true).expect(200);
    expect(response.get('content-length')).toBe(String(bytes.length));
    expect(bytes.equals(response.body as Buffer)).toBe(true);
  });
});
