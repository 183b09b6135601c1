import { randomUUID } from 'node:crypto';
import { createServiceClient, type ServiceClient } from '@millrace/chassis/calls';
import { HttpProblem, Unavailable } from '@millrace/chassis/http';
import { currentContext, currentSignal } from '@millrace/chassis/process';
import type { Postgres } from '@millrace/chassis/stores/postgres';
import { type Job, JOB_QUEUES } from '@millrace/contracts';
import request from 'supertest';
import { eventually } from '../../../tests/support/eventually.js';
import { FAULT_ANSWER_MS } from '../../../tests/support/fault-time.js';
import { type Link, openLink } from '../../../tests/support/link.js';
import { type Listener, listenOnFreePort } from '../../../tests/support/listen.js';
import { recordingLogger } from '../../../tests/support/service-basics.js';
import { startTaskApi, type TestTaskApi } from '../../../tests/support/task-api.js';
import type { Consumer } from './consumer.js';
import { startConsumers } from './consumers.js';
import { createJobBoard } from './job-board.js';
import { createJobProcessor } from './job-processor.js';
import type { PerformJob } from './perform-job.js';

/** Of a replica that is there for what becomes of leases. Those of the other one outlast any test, however busy the machine is. */
const LEASE_MS = 2_500;

let taskApi: TestTaskApi;
let listener: Listener;
let link: Link;
let client: ServiceClient;
/** Of the replica with short leases: over a link of its own, and not. */
let shortListener: Listener;
let shortLink: Link;
let shortClient: ServiceClient;
let directClient: ServiceClient;
beforeAll(async () => {
  taskApi = await startTaskApi({ backoffMs: 50 });
  taskApi.keepSweeping();
  const shortLeases = taskApi.createApp({ options: { leaseMs: LEASE_MS } });
  [listener, shortListener] = [await listenOnFreePort(taskApi.app), await listenOnFreePort(shortLeases)];
  [link, shortLink] = [await openLink(listener.port), await openLink(shortListener.port)];
  const clientOf = (port: number) =>
    createServiceClient({ name: 'task-api', urls: [`http://127.0.0.1:${port}`] });
  [client, shortClient] = [clientOf(link.port), clientOf(shortLink.port)];
  directClient = clientOf(shortListener.port);
});
afterAll(async () => {
  await Promise.all([client, shortClient, directClient].map((each) => each.close()));
  await Promise.all([link, shortLink].map((each) => each.close()));
  await Promise.all([listener, shortListener].map((each) => each.close()));
  await taskApi.stop();
});

// Those that a test has not closed itself.
const consumers: Consumer[] = [];
beforeEach(() => taskApi.empty());
afterEach(async () => {
  await Promise.all([link.mend(), shortLink.mend()]);
  await Promise.all(consumers.splice(0).map((consumer) => consumer.close(1_000)));
});

interface WorkerOptions {
  pod?: string;
  redisUrl?: string;
  taskApiClient?: ServiceClient;
}

/** Starts a queue-worker that does its jobs with `perform`. */
function startWorker(
  perform: PerformJob,
  {
    pod = 'queue-worker-1',
    redisUrl = taskApi.redis.server.urls.queue_worker,
    taskApiClient = client,
  }: WorkerOptions = {},
) {
  const { logger, lines } = recordingLogger();
  const board = createJobBoard(taskApiClient, pod);
  const consumer = startConsumers({
    redisUrl,
    concurrency: 4,
    logger,
    processor: createJobProcessor({ board, logger, perform }),
  });
  consumers.push(consumer);
  return { consumer, lines };
}

/** Work that the test sees begin, and that ends when the test says so. */
function gatedWork() {
  let begun = 0;
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const perform: PerformJob = async () => {
    begun += 1;
    await gate;
    return 'done';
  };
  return { perform, begun: () => begun, open: () => open() };
}

const call = () => request(taskApi.app);
const add = async (task = 'task1'): Promise<string> =>
  (await call().post(`/api/add/${task}`).expect(202)).body.id as string;
const jobOf = async (id: string): Promise<Job> =>
  (await call().get(`/api/jobs/${id}`).expect(200)).body as Job;
const reaches = (id: string, status: Job['status']) =>
  eventually(async () => {
    const job = await jobOf(id);
    expect(job.status).toBe(status);
    return job;
  });
const begins = (work: { begun: () => number }) => eventually(() => expect(work.begun()).toBe(1));

it('does a task, and reports which, where and when', async () => {
  const { lines } = startWorker((job) => Promise.resolve({ done: job.payload }), { pod: 'queue-worker-7' });
  const id = await add('buy milk');
  const job = await reaches(id, 'completed');
  expect(job).toMatchObject({
    processed_by_pod: 'queue-worker-7',
    result: { done: { task: 'buy milk' } },
    error: null,
    attempts: [{ attempt: 1, pod: 'queue-worker-7', outcome: 'completed', error: null }],
  });
  expect((await call().get(`/api/tasks/${id}`)).body).toMatchObject({
    status: 'completed',
    completed: true,
    processed_by_pod: 'queue-worker-7',
  });
  await eventually(() => {
    const told = lines.filter(({ job_id }) => job_id === id);
    expect(told).toMatchObject([
      { msg: 'Processing task', kind: 'task', attempt: 1 },
      { msg: 'Completed task', kind: 'task', attempt: 1 },
    ]);
    expect(JSON.stringify(told)).not.toContain('buy milk');
  });
});

it('takes more urgent jobs first when there is a backlog', async () => {
  const order = ['low', 'medium', 'high', 'low', 'medium', 'high', 'high', 'low', 'high'];
  for (const priority of order) {
    await call().post('/api/add').send({ task: priority, priority }).expect(202);
  }
  await eventually(async () => expect(await taskApi.redis.redis.zcard(JOB_QUEUES.task)).toBe(order.length));

  const begun: string[] = [];
  const { perform, open } = gatedWork();
  startWorker((job, context) => {
    if (job.kind === 'task') begun.push(job.payload.task);
    return perform(job, context);
  });
  // As many as the worker does at once.
  await eventually(() => expect(begun).toEqual(['high', 'high', 'high', 'high']));
  open();
  await eventually(() => expect([...begun].sort()).toEqual([...order].sort()));
});

describe('jobs of a kind', () => {
  const addImage = async (): Promise<string> => {
    const image = call()
      .post('/internal/jobs/image?effects=bw')
      .set('Content-Type', 'image/png')
      .send(Buffer.from('x'));
    return (await image.expect(202)).body.id as string;
  };

  it('do not delay jobs of another kind, however many there are and however long they take', async () => {
    const work = gatedWork();
    startWorker((job, context) =>
      job.kind === 'image' ? work.perform(job, context) : Promise.resolve('done'),
    );
    const images = await Promise.all(Array.from({ length: 10 }, addImage));
    await eventually(() => expect(work.begun()).toBe(4));
    await reaches(await add(), 'completed');
    work.open();
    await Promise.all(images.map((id) => reaches(id, 'completed')));
  });

  it('are also taken from the queue into which an earlier version puts all kinds', async () => {
    const id = await addImage();
    const { redis } = taskApi.redis;
    await eventually(async () => expect(await redis.zrem(JOB_QUEUES.image, id)).toBe(1));
    await redis.zadd(JOB_QUEUES.task, 1, id);
    startWorker(() => Promise.resolve('done'));
    await reaches(id, 'completed');
  });
});

it('does each of 40 tasks once, with two workers', async () => {
  const done: string[] = [];
  const perform: PerformJob = ({ id }) => Promise.resolve(done.push(id));
  startWorker(perform, { pod: 'queue-worker-1' });
  startWorker(perform, { pod: 'queue-worker-2' });
  const ids = await Promise.all(Array.from({ length: 40 }, (_, number) => add(`t${number}`)));
  await Promise.all(ids.map((id) => reaches(id, 'completed')));
  expect(done.sort()).toEqual(ids.sort());
});

it('works with the id of the original request', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  startWorker(() => Promise.resolve(currentContext()));
  const add = call().post('/api/add/a').set({ 'X-Request-Id': 'request-7', traceparent });
  const { id } = (await add.expect(202)).body;
  const result = { requestId: 'request-7', traceparent, client: 'jobs' };
  expect((await reaches(id, 'completed')).result).toEqual(result);
});

it('retries after a failure, and shows the error', async () => {
  let attempts = 0;
  startWorker(() => {
    attempts += 1;
    return attempts === 1 ? Promise.reject(new Error('out of paper')) : Promise.resolve('printed');
  });
  const job = await reaches(await add(), 'completed');
  expect(job).toMatchObject({
    result: 'printed',
    error: null,
    attempts: [
      { attempt: 1, outcome: 'failed', error: expect.any(String) },
      { attempt: 2, outcome: 'completed', error: null },
    ],
  });
});

it('gives up on a task that always fails, and at once on one whose input is refused', async () => {
  const problems: Record<string, Error> = {
    broken: new HttpProblem(502, 'blur-worker could not handle this request.'),
    refused: new HttpProblem(422, 'The image cannot be read.'),
  };
  startWorker(({ payload }) => Promise.reject(problems[(payload as { task: string }).task]!));
  const [broken, refused] = await Promise.all([add('broken'), add('refused')]);
  expect(await reaches(broken, 'failed')).toMatchObject({
    error: 'blur-worker could not handle this request.',
    attempts: [{}, {}, { attempt: 3, outcome: 'failed' }],
  });
  expect(await reaches(refused, 'failed')).toMatchObject({
    error: 'The image cannot be read.',
    attempts: [{ attempt: 1, outcome: 'failed' }],
  });
});

it('logs refused input as info, and only faults as errors', async () => {
  const problems: Record<string, Error> = {
    refused: new HttpProblem(422, 'The image cannot be read.', { cause: new Error('VipsJpeg: no image') }),
    busy: new Unavailable('bw-worker cannot take this request right now. Try again in a moment.'),
    broken: new Error('out of paper'),
  };
  const { lines } = startWorker(({ payload }) => {
    const { task } = payload as { task: string };
    return Promise.reject(problems[task]!);
  });
  const ids = new Map<string, string>();
  for (const task of Object.keys(problems)) {
    const id = await add(task);
    ids.set(task, id);
    await reaches(id, 'failed');
  }
  const told = (task: string) =>
    lines.filter(({ job_id, msg }) => job_id === ids.get(task) && msg !== 'Processing task');
  const [INFO, WARN, ERROR] = [30, 40, 50];
  // A worker may tell a moment after the others know.
  await eventually(() => {
    expect(told('refused')).toMatchObject([
      { level: INFO, msg: 'Task refused', reason: 'The image cannot be read.' },
    ]);
    expect(told('refused')[0]).not.toHaveProperty('err');
    expect(told('busy')).toMatchObject([1, 2, 3].map(() => ({ level: WARN, msg: 'Task failed' })));
    expect(told('broken')).toMatchObject(
      [1, 2, 3].map(() => ({ level: ERROR, msg: 'Task failed', err: { message: 'out of paper' } })),
    );
  });
});

it('knows that its work counts, even when the response to its report is lost', async () => {
  const { db } = taskApi.postgres;
  let lost = 0;
  const losingAnswers: Postgres = {
    ...db,
    async query(text, values) {
      const rows = await db.query<never>(text, values);
      if (!text.includes(`SET status = 'completed'`) || lost === 2) return rows;
      lost += 1;
      throw new Unavailable('The database is not available right now.');
    },
  };
  const replica = await listenOnFreePort(taskApi.createApp({ postgres: losingAnswers }));
  const replicaClient = createServiceClient({ name: 'task-api', urls: [replica.url] });
  try {
    const { lines } = startWorker(() => Promise.resolve('done'), { taskApiClient: replicaClient });
    const id = await add();
    await reaches(id, 'completed');
    const told = await eventually(() => {
      const ends = lines.filter(({ job_id, msg }) => job_id === id && String(msg).startsWith('Completed'));
      expect(ends).toHaveLength(1);
      return ends;
    });
    expect(told).toMatchObject([{ msg: 'Completed task' }]);
    expect(lost).toBe(2);
  } finally {
    await consumers.pop()!.close(1_000);
    await replicaClient.close();
    await replica.close();
  }
});

it('waits for an unavailable task-api before it starts', async () => {
  await link.cut();
  const id = await add();
  const { lines } = startWorker(() => Promise.resolve('done'));
  await eventually(() =>
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'waiting for task-api' })),
  );
  await link.mend();
  expect((await reaches(id, 'completed')).attempts).toHaveLength(1);
});

it('waits for an unavailable task-api after its work', async () => {
  const work = gatedWork();
  const { lines } = startWorker(work.perform);
  const id = await add();
  await begins(work);
  await link.cut();
  work.open();
  await eventually(() =>
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'waiting for task-api' })),
  );
  await link.mend();
  await reaches(id, 'completed');
});

it('renews its lease as long as the work takes', async () => {
  const work = gatedWork();
  startWorker(work.perform, { taskApiClient: shortClient });
  const id = await add();
  await begins(work);
  const begunAt = Date.now();
  const dueAt = async () => {
    const [job] = await taskApi.postgres.db.query<{ due_at: Date }>('SELECT due_at FROM jobs');
    return job!.due_at.getTime();
  };
  // A whole lease later it has another one.
  await eventually(async () => expect(await dueAt()).toBeGreaterThan(begunAt + 2 * LEASE_MS));
  work.open();
  expect((await reaches(id, 'completed')).attempts).toHaveLength(1);
});

it('stops working when another worker has taken over', async () => {
  let stopped = false;
  const stuck: PerformJob = () =>
    new Promise((_resolve, reject) => {
      const signal = currentSignal()!;
      signal.addEventListener('abort', () => {
        stopped = true;
        reject(signal.reason as Error);
      });
    });
  const { consumer } = startWorker(stuck, { taskApiClient: shortClient });
  const id = await add();
  await reaches(id, 'processing');
  // Cut off from task-api for longer than its lease lasts, while another worker is not.
  await shortLink.freeze();
  await eventually(async () => expect((await jobOf(id)).status).toBe('queued'));
  const other = createJobBoard(directClient, 'queue-worker-2');
  const [claimed] = (await other.claim([{ id, claim: randomUUID() }])).jobs;
  await shortLink.mend();
  await eventually(() => expect(stopped).toBe(true));
  expect(await other.complete(claimed!, 'mine')).toBe(true);
  await consumer.close(1_000);
  expect(await jobOf(id)).toMatchObject({
    status: 'completed',
    result: 'mine',
    processed_by_pod: 'queue-worker-2',
    attempts: [
      { pod: 'queue-worker-1', outcome: 'lost' },
      { pod: 'queue-worker-2', outcome: 'completed' },
    ],
  });
});

it('does what Redis has lost', async () => {
  const ids = [await add('a'), await add('b')];
  await taskApi.redis.redis.flushall();
  startWorker(() => Promise.resolve('done'));
  for (const id of ids) await reaches(id, 'completed');
});

it('ignores a job that is gone', async () => {
  await taskApi.redis.link.mend();
  const id = await add();
  await call().delete(`/api/tasks/${id}`).expect(204);
  let performed = false;
  const { lines } = startWorker(() => {
    performed = true;
    return Promise.resolve();
  });
  await eventually(() =>
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'nothing to do for these jobs' })),
  );
  expect(performed).toBe(false);
});

describe('closing', () => {
  /** Far off: what waits for it takes as long as that. */
  const DEADLINE_MS = 50_000;

  it('takes no more jobs, and waits for the current one', async () => {
    const work = gatedWork();
    const { consumer } = startWorker(work.perform);
    const inWork = await add('in work');
    await begins(work);
    const closed = consumer.close(10_000);
    const later = await add('later');
    work.open();
    await closed;
    expect((await jobOf(inWork)).status).toBe('completed');
    expect((await jobOf(later)).status).toBe('queued');
  });

  it('ends at the deadline; another worker then does the task', async () => {
    const { consumer } = startWorker(
      () =>
        new Promise((_resolve, reject) => {
          const signal = currentSignal()!;
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
      { taskApiClient: shortClient },
    );
    const id = await add();
    await reaches(id, 'processing');
    const begun = performance.now();
    await consumer.close(200);
    expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);

    startWorker(() => Promise.resolve('done'), { pod: 'queue-worker-2' });
    expect((await reaches(id, 'completed')).processed_by_pod).toBe('queue-worker-2');
  });

  describe.each([
    ['is away', () => shortLink.cut()],
    ['hangs', () => shortLink.freeze()],
    ['has no database', () => taskApi.postgres.link.freeze()],
  ])('while task-api %s', (_case, damage) => {
    afterEach(() => taskApi.postgres.link.mend());
    const waits = (lines: Record<string, unknown>[]) =>
      eventually(() =>
        expect(lines).toContainEqual(expect.objectContaining({ msg: 'waiting for task-api' })),
      );

    it('starts no more jobs, and does not wait for its deadline', async () => {
      await add();
      await damage();
      const { consumer, lines } = startWorker(() => Promise.resolve('done'), { taskApiClient: shortClient });
      await waits(lines);
      const begun = performance.now();
      await consumer.close(DEADLINE_MS);
      expect(performance.now() - begun).toBeLessThan(DEADLINE_MS / 2);
    });

    it('retries its report for the length of a lease, and then leaves the job to another', async () => {
      const work = gatedWork();
      const { consumer, lines } = startWorker(work.perform, { taskApiClient: shortClient });
      const id = await add();
      await begins(work);
      await damage();
      work.open();
      await waits(lines);
      const begun = performance.now();
      await consumer.close(DEADLINE_MS);
      expect(performance.now() - begun).toBeGreaterThan(LEASE_MS - 100);
      expect(performance.now() - begun).toBeLessThan(DEADLINE_MS / 2);

      await Promise.all([shortLink.mend(), taskApi.postgres.link.mend()]);
      startWorker(() => Promise.resolve('done'), { pod: 'queue-worker-2' });
      await reaches(id, 'completed');
    });
  });

  it('finishes a job whose claim is in flight when the shutdown begins', async () => {
    const work = gatedWork();
    const { consumer } = startWorker(work.perform);
    await link.freeze();
    const id = await add();
    // The claim is in flight.
    await eventually(async () => expect(await taskApi.redis.redis.zcard(JOB_QUEUES.task)).toBe(0));
    const closed = consumer.close(10_000);
    await link.mend();
    await begins(work);
    work.open();
    await closed;
    expect(await jobOf(id)).toMatchObject({ status: 'completed', attempts: [{ outcome: 'completed' }] });
  });

  it.each([
    ['is away', (link: Link) => link.cut()],
    ['hangs', (link: Link) => link.freeze()],
  ])('does not wait for a Redis that %s', async (_case, damage) => {
    const redisUrl = taskApi.redis.urlOf('queue_worker');
    const { consumer } = startWorker(() => Promise.resolve('done'), { redisUrl });
    await reaches(await add(), 'completed');
    await damage(taskApi.redis.link);
    try {
      const begun = performance.now();
      await consumer.close(DEADLINE_MS);
      expect(performance.now() - begun).toBeLessThan(DEADLINE_MS / 2);
    } finally {
      await taskApi.redis.link.mend();
    }
  });
});
