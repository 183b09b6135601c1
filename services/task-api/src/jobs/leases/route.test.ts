import { randomBytes, randomUUID } from 'node:crypto';
import {
  type ClaimedJob,
  type ClaimedJobs,
  type Job,
  type JobListItem,
  JOBS_A_REQUEST,
  TEXT_MAX,
} from '@millrace/contracts';
import request from 'supertest';
import { eventually } from '../../../../../tests/support/eventually.js';
import { useTaskApi } from '../../../../../tests/support/task-api.js';
import { workerCalls } from '../../../../../tests/support/worker-calls.js';

const taskApi = useTaskApi();

const call = () => request(taskApi.app);
const add = async (task = 'a'): Promise<string> =>
  (await call().post(`/api/add/${task}`).expect(202)).body.id;
const jobOf = async (id: string): Promise<Job> => (await call().get(`/api/jobs/${id}`).expect(200)).body;
const taskOf = async (id: string) => (await call().get(`/api/tasks/${id}`).expect(200)).body;
const worker = workerCalls(() => taskApi.app);
const claim = async (id: string, pod = 'worker-1'): Promise<ClaimedJob> => {
  const job = await worker.claim(id, pod);
  expect(job).toBeDefined();
  return job!;
};

/** Ends the current lease, or the pause before the next attempt, as if its time had passed. */
const passTime = () =>
  taskApi.postgres.db.query(
    'UPDATE jobs SET due_at = now(), run_at = least(run_at, now()) WHERE due_at IS NOT NULL',
  );
const sweep = () => taskApi.sweepOnce();
/** Waits until this many statements wait for a row that another transaction has locked. */
const waiting = (count: number) =>
  eventually(async () => {
    const [row] = await taskApi.postgres.db.query<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    expect(row!.count).toBe(count);
  });

describe('a job', () => {
  it('is claimed, completed and shown with its result, as is its task', async () => {
    const id = await add('task1');
    expect(await claim(id)).toEqual({
      id,
      kind: 'task',
      attempt: 1,
      lease_ms: 30_000,
      request_id: expect.any(String),
      traceparent: null,
      owner: null,
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

    expect(await worker.complete(id, { attempt: 1, result: { task: 'task1' } })).toBe(true);
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

  it('has the same id for the finished image in every attempt', async () => {
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
    const claims = Array.from({ length: 10 }, (_, number) => worker.claim(id, `worker-${number}`));
    expect((await Promise.all(claims)).filter((job) => job !== undefined)).toHaveLength(1);
    expect((await jobOf(id)).attempts).toHaveLength(1);
  });

  it('has the same attempt when a claim is retried after a lost response', async () => {
    const id = await add();
    const claim = randomUUID();
    const first = await worker.claim(id, 'worker-1', claim);
    expect(first).toMatchObject({ attempt: 1 });
    expect(await worker.claim(id, 'worker-1', claim)).toEqual(first);
    expect((await jobOf(id)).attempts).toHaveLength(1);
    expect(await worker.complete(id, { attempt: 1, result: null })).toBe(true);
    expect(await worker.claim(id, 'worker-1', claim)).toBeUndefined();
  });

  it('counts once when it is completed twice', async () => {
    const id = await add();
    await claim(id);
    expect(await worker.complete(id, { attempt: 1, result: 'first' })).toBe(true);
    expect(await worker.complete(id, { attempt: 1, result: 'second' })).toBe(true);
    expect(await worker.fail(id, { attempt: 1, error: 'late' })).toBe(false);
    expect(await worker.claim(id, 'worker-2')).toBeUndefined();
    expect(await jobOf(id)).toMatchObject({ status: 'completed', result: 'first' });
  });

  it('goes to another worker when its lease expires; reports of the first one are then ignored', async () => {
    const id = await add();
    await claim(id, 'worker-1');
    expect(await worker.claim(id, 'worker-2')).toBeUndefined();
    await passTime();
    expect((await claim(id, 'worker-2')).attempt).toBe(2);

    expect(await worker.complete(id, { attempt: 1, result: 'late' })).toBe(false);
    expect(await worker.fail(id, { attempt: 1, error: 'late' })).toBe(false);
    expect(await jobOf(id)).toMatchObject({
      status: 'processing',
      attempts: [
        { attempt: 1, pod: 'worker-1', outcome: 'lost' },
        { attempt: 2, pod: 'worker-2', outcome: null },
      ],
      processed_by_pod: 'worker-2',
    });
    expect(await worker.complete(id, { attempt: 2, result: 'mine' })).toBe(true);
    expect(await jobOf(id)).toMatchObject({ status: 'completed', result: 'mine' });
  });

  it('is published again when its worker disappears', async () => {
    const id = await add();
    await claim(id);
    expect(await sweep()).toEqual([]);
    await passTime();
    expect(await sweep()).toEqual([id]);
    expect((await jobOf(id)).status).toBe('queued');
  });

  it('can still be completed by a late worker, as long as no other has claimed it', async () => {
    const id = await add();
    await claim(id);
    await passTime();
    await sweep();
    expect(await worker.complete(id, { attempt: 1, result: 'late but good' })).toBe(true);
    expect((await jobOf(id)).result).toBe('late but good');
  });

  it('is retried after a failure and a pause, and shows the error', async () => {
    const id = await add();
    await claim(id);
    expect(await worker.fail(id, { attempt: 1, error: 'out of paper' })).toBe(true);
    expect(await jobOf(id)).toMatchObject({ status: 'queued', error: 'out of paper', finished_at: null });
    expect(await taskOf(id)).toMatchObject({ status: 'queued' });
    expect(await sweep()).toEqual([]);
    await passTime();
    expect(await sweep()).toEqual([id]);

    expect((await claim(id)).attempt).toBe(2);
    expect(await worker.complete(id, { attempt: 2, result: null })).toBe(true);
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
      expect(await worker.fail(id, { attempt, error: `failure ${attempt}` })).toBe(true);
      await passTime();
    }
    expect(await jobOf(id)).toMatchObject({
      status: 'failed',
      attempts: [1, 2, 3].map((attempt) => ({ attempt, outcome: 'failed', error: `failure ${attempt}` })),
      error: 'failure 3',
      finished_at: expect.any(String),
    });
    expect(await taskOf(id)).toMatchObject({ status: 'failed', completed: false });
    expect(await worker.claim(id, 'worker-1')).toBeUndefined();
    expect(await sweep()).toEqual([]);
  });

  it.each([
    ['swept', () => sweep()],
    ['claimed by one with an old message', () => Promise.resolve()],
  ])(
    'is never started more often than allowed when workers disappear and it is %s',
    async (_case, meanwhile) => {
      const id = await add();
      for (let attempt = 1; attempt <= 3; attempt++) {
        await claim(id);
        await passTime();
      }
      await meanwhile();
      expect(await worker.claim(id, 'worker-4')).toBeUndefined();
      await sweep();
      expect(await jobOf(id)).toMatchObject({
        status: 'failed',
        attempts: [1, 2, 3].map((attempt) => ({ attempt, outcome: 'lost' })),
        error: 'The worker did not come back from the last attempt.',
      });
    },
  );

  describe('whose attempt has ended', () => {
    const reports = {
      complete: { attempt: 1, result: 'first' },
      fail: { attempt: 1, error: 'out of paper' },
    };
    const renew = (id: string) => worker.renew(id, { attempt: 1, progress: { done: 1, total: 2 } });
    const send = (id: string, report: 'complete' | 'fail') =>
      report === 'complete' ? worker.complete(id, reports.complete) : worker.fail(id, reports.fail);

    it.each(['complete', 'fail'] as const)(
      'accepts the same %s again from its attempt, whose response may have been lost, and changes nothing',
      async (report) => {
        const id = await add();
        await claim(id);
        expect(await send(id, report)).toBe(true);
        const job = await jobOf(id);
        expect(await send(id, report)).toBe(true);
        expect(await renew(id)).toBe(true);
        expect(await jobOf(id)).toEqual(job);
      },
    );

    it.each([
      ['complete', 'fail'],
      ['fail', 'complete'],
    ] as const)('keeps its outcome: after %s, a later %s does not count', async (first, second) => {
      const id = await add();
      await claim(id);
      expect(await send(id, first)).toBe(true);
      const job = await jobOf(id);
      expect(await send(id, second)).toBe(false);
      expect(await jobOf(id)).toEqual(job);
    });

    it('accepts a repeated failure report while the next attempt runs, without affecting it', async () => {
      const id = await add();
      await claim(id);
      expect(await worker.fail(id, reports.fail)).toBe(true);
      await passTime();
      await claim(id);
      const job = await jobOf(id);
      expect(await worker.fail(id, reports.fail)).toBe(true);
      expect(await renew(id)).toBe(true);
      expect(await worker.complete(id, reports.complete)).toBe(false);
      expect(await jobOf(id)).toEqual(job);
      expect(await worker.complete(id, { attempt: 2, result: null })).toBe(true);
    });

    it('pauses before the next, despite late renewals and claims', async () => {
      const id = await add();
      const first = randomUUID();
      expect(await worker.claim(id, 'worker-1', first)).toBeDefined();
      expect(await worker.fail(id, reports.fail)).toBe(true);
      await renew(id);
      expect(await jobOf(id)).toMatchObject({ status: 'queued', progress: { done: 0, total: 1 } });
      await passTime();
      expect(await worker.claim(id, 'worker-1', first)).toBeUndefined();
      expect(await jobOf(id)).toMatchObject({ status: 'queued', attempts: [{ outcome: 'failed' }] });
      expect((await claim(id, 'worker-2')).attempt).toBe(2);
    });

    it('is not revived by its old worker after a manual retry', async () => {
      const id = await add();
      for (let attempt = 1; attempt <= 3; attempt++) {
        await claim(id);
        await passTime();
      }
      await sweep();
      await call().post(`/api/jobs/${id}/retry`).expect(202);
      expect(await worker.renew(id, { attempt: 3 })).toBe(false);
      expect(await worker.complete(id, { ...reports.complete, attempt: 3 })).toBe(false);
      expect(await worker.fail(id, { ...reports.fail, attempt: 3 })).toBe(false);
      expect(await jobOf(id)).toMatchObject({ status: 'queued', attempts: [{}, {}, { outcome: 'lost' }] });
      expect((await claim(id)).attempt).toBe(4);
    });

    it.each(['renew', 'complete'])(
      'is not revived by a %s that waited for the failure to be written',
      async (report) => {
        const id = await add();
        await claim(id);
        // Both have begun before either finishes: the second waits for the first one's row.
        const [, second] = await taskApi.postgres.db.transaction(async (tx) => {
          await tx.query('SELECT FROM jobs WHERE id = $1 FOR UPDATE', [id]);
          const failing = worker.fail(id, reports.fail);
          await waiting(1);
          const late =
            report === 'renew' ? worker.renew(id, { attempt: 1 }) : worker.complete(id, reports.complete);
          await waiting(2);
          return [failing, late] as const;
        });
        await second;
        expect(await jobOf(id)).toMatchObject({ status: 'queued', attempts: [{ outcome: 'failed' }] });
      },
    );
  });

  it('can be failed by a late worker, as long as no other has claimed it', async () => {
    const id = await add();
    await claim(id);
    await passTime();
    await sweep();
    expect(await worker.fail(id, { attempt: 1, error: 'bad input', permanent: true })).toBe(true);
    expect(await jobOf(id)).toMatchObject({ status: 'failed', error: 'bad input' });
  });

  it('is never started more often than allowed when its last lease expires during a sweep', async () => {
    const id = await add();
    for (let attempt = 1; attempt <= 3; attempt++) {
      await claim(id);
      await passTime();
    }
    // Simulates a lease that expires during the sweep, after the sweep has looked for lost jobs.
    await taskApi.postgres.db.query(`UPDATE jobs SET status = 'queued' WHERE id = $1`, [id]);
    expect(await worker.claim(id, 'worker-4')).toBeUndefined();
    expect(await sweep()).toEqual([]);
    expect(await jobOf(id)).toMatchObject({ status: 'failed', attempts: [{}, {}, { outcome: 'lost' }] });
  });

  it('is deleted with its task, and can no longer be claimed or completed', async () => {
    const id = await add();
    await claim(id);
    await call().delete(`/api/tasks/${id}`).expect(204);
    await call().get(`/api/jobs/${id}`).expect(404);
    expect(await worker.complete(id, { attempt: 1, result: null })).toBe(false);
    expect(await worker.claim(id, 'worker-1')).toBeUndefined();
  });

  it('completes even when somebody has completed its task, whose time is kept', async () => {
    const id = await add();
    await claim(id);
    const ticked = (await call().patch(`/api/tasks/${id}`).send({ completed: true }).expect(200)).body;
    expect(await worker.complete(id, { attempt: 1, result: null })).toBe(true);
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
  expect(swept.sort()).toEqual([...ids].sort());
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

const id = randomUUID();
const tooMany = <Value>(value: Value) => Array<Value>(JOBS_A_REQUEST + 1).fill(value);
it.each([
  ['claims', {}],
  ['claims', { pod: 'worker-1', claims: [] }],
  ['claims', { pod: 'worker-1', claims: [{ id, claim: 'mine' }] }],
  ['claims', { pod: 'worker-1', claims: tooMany({ id, claim: randomUUID() }) }],
  ['renewals', { reports: tooMany({ id, attempt: 1 }) }],
  ['completions', { reports: [{ id, result: null }] }],
  ['completions', { reports: [{ id, attempt: 'first', result: null }] }],
  ['completions', { reports: tooMany({ id, attempt: 1, result: null }) }],
  [`${id}/fail`, { attempt: 1 }],
  [`${id}/fail`, { attempt: 1, error: 'x'.repeat(2_001) }],
])('answers 422 to %s with an invalid body', async (path, body) => {
  await call().post(`/internal/jobs/${path}`).send(body).expect(422);
});

it('answers 400 to an invalid id', async () => {
  await call().post('/internal/jobs/7/fail').send({ attempt: 1, error: 'a' }).expect(400);
});

describe('many jobs in one request', () => {
  const send = (path: string, body: object) => call().post(`/internal/jobs/${path}`).send(body).expect(200);
  const claimAll = async (ids: string[]): Promise<ClaimedJobs> =>
    (await send('claims', { pod: 'worker-1', claims: ids.map((id) => ({ id, claim: randomUUID() })) })).body;

  it('are claimed, renewed and completed, without those of other workers', async () => {
    const ids = await Promise.all(['a', 'b', 'c', 'd'].map(add));
    const [a, b, c, d] = ids as [string, string, string, string];
    await claim(a, 'worker-2');
    await call().delete(`/api/jobs/${b}`).expect(200);
    const { jobs, later } = await claimAll([a, b, c, d, randomUUID()]);
    expect(jobs.map(({ id }) => id).sort()).toEqual([c, d].sort());
    expect(later).toEqual([]);

    const progress = { done: 1, total: 2 };
    const renewals = [a, b, c, d].map((id) => ({ id, attempt: id === a ? 2 : 1, progress }));
    const renewed = (await send('renewals', { reports: renewals })).body.counted as string[];
    expect(renewed.sort()).toEqual([c, d].sort());
    expect((await jobOf(d)).progress).toEqual(progress);

    expect(await worker.fail(c, { attempt: 1, error: 'out of paper' })).toBe(true);
    const completions = [a, b, c, d].map((id) => ({ id, attempt: 1, result: `of ${id}` }));
    const completed = (await send('completions', { reports: completions })).body.counted as string[];
    // The first job belongs to another worker, but a report under the current attempt counts.
    expect(completed.sort()).toEqual([a, d].sort());
    expect(await jobOf(d)).toMatchObject({ status: 'completed', result: `of ${d}` });
    expect(await jobOf(c)).toMatchObject({ status: 'queued', result: null });
    expect(await taskOf(d)).toMatchObject({ status: 'completed' });
  });

  it('are returned in responses of about 1 MiB when their texts are long; the rest comes later', async () => {
    const text = 'a'.repeat(TEXT_MAX);
    const ids = await Promise.all(
      Array.from({ length: 25 }, async () => {
        const answer = await call().post('/internal/jobs/analyze').send({ text }).expect(202);
        return answer.body.id as string;
      }),
    );
    const sizes: number[] = [];
    let rest = ids;
    const claimed: string[] = [];
    while (rest.length > 0) {
      const { jobs, later } = await claimAll(rest);
      sizes.push(jobs.length);
      claimed.push(...jobs.map(({ id }) => id));
      rest = later;
    }
    expect(sizes).toEqual([10, 10, 5]);
    expect(claimed.sort()).toEqual(ids.sort());
    expect((await jobOf(ids[24]!)).attempts).toHaveLength(1);
  });

  it('cannot deadlock', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, (_, number) => add(`t${number}`)));
    await claimAll(ids);
    const reports = (list: string[]) => list.map((id) => ({ id, attempt: 1, result: null }));
    const renewals = (list: string[]) => list.map((id) => ({ id, attempt: 1 }));
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, number) => {
        const order = number % 2 === 0 ? ids : [...ids].reverse();
        return number < 4
          ? send('renewals', { reports: renewals(order) })
          : send('completions', { reports: reports(order) });
      }),
    );
    for (const { body } of answers) expect(body.counted).toHaveLength(40);
  });
});

it('keeps the sweeper running while the database is down', async () => {
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

describe('an input that crashes workers', () => {
  it('is tried in one more attempt, and then refused', async () => {
    const id = await add();
    await claim(id);
    expect(await worker.fail(id, { attempt: 1, error: 'blur-worker broke down', broke: true })).toBe(true);
    expect(await jobOf(id)).toMatchObject({ status: 'queued' });
    await passTime();
    await claim(id);
    expect(await worker.fail(id, { attempt: 2, error: 'blur-worker broke down', broke: true })).toBe(true);
    expect(await worker.fail(id, { attempt: 2, error: 'blur-worker broke down', broke: true })).toBe(true);
    expect(await jobOf(id)).toMatchObject({ status: 'failed', error: 'blur-worker broke down' });
  });
});

describe('the image of a job', () => {
  it('is streamed in parts, unchanged', async () => {
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
