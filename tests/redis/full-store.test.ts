// One Redis holds images, which may be evicted, and the queue, which may not. However many images arrive, jobs are done as usual.
import { randomBytes, randomUUID } from 'node:crypto';
import { createServiceClient, type ServiceClient } from '@millrace/chassis/calls';
import { JOB_QUEUES } from '@millrace/contracts';
import { createImageStore, type ImageStore } from '@millrace/workflows';
import request from 'supertest';
import type { Consumer } from '../../services/queue-worker/src/consumer.js';
import { startConsumers } from '../../services/queue-worker/src/consumers.js';
import { createJobBoard } from '../../services/queue-worker/src/job-board.js';
import { createJobProcessor } from '../../services/queue-worker/src/job-processor.js';
import type { PerformJob } from '../../services/queue-worker/src/perform-job.js';

import { eventually } from '../support/eventually.js';
import { type Listener, listenOnFreePort } from '../support/listen.js';
import { silentLogger } from '../support/service-basics.js';
import { startTaskApi, type TestTaskApi } from '../support/task-api.js';

const MIB = 1024 ** 2;
/** Much less than the writer fills during the test. */
const MAX_MEMORY = 48 * MIB;
const JOBS = 100;
const CONCURRENCY = 10;

let taskApi: TestTaskApi;
let listener: Listener;
let client: ServiceClient;
let consumer: Consumer;
let images: ImageStore;
let perform: PerformJob;

beforeAll(async () => {
  taskApi = await startTaskApi({}, { redis: { settings: [`maxmemory ${MAX_MEMORY}`] } });
  taskApi.keepSweeping(1_000);
  listener = await listenOnFreePort(taskApi.app);
  client = createServiceClient({ name: 'task-api', urls: [listener.url] });
  const board = createJobBoard(client, 'queue-worker-1');
  const logger = silentLogger();
  consumer = startConsumers({
    redisUrl: taskApi.redis.server.urls.queue_worker,
    concurrency: CONCURRENCY,
    logger,
    processor: createJobProcessor({ board, logger, perform: (...job) => perform(...job) }),
  });
  images = createImageStore({
    redis: await taskApi.redis.connectAs('web_gateway'),
    ttlSeconds: 86_400,
  });
});
beforeEach(() => {
  perform = () => Promise.resolve('done');
});
afterAll(async () => {
  await consumer.close(5_000);
  await client.close();
  await listener.close();
  await taskApi.stop();
});

/** A client that uploads as fast as it can. `idOf` returns the id under which it stores its images. */
function startWriter(idOf: () => string) {
  const bytes = randomBytes(MIB);
  const stopping = new AbortController();
  const tally = { saved: 0, failed: 0 };
  const work = (async () => {
    while (!stopping.signal.aborted) {
      await images.save(idOf(), { type: 'image/png', bytes }).then(
        () => (tally.saved += 1),
        () => (tally.failed += 1),
      );
    }
  })();
  return {
    tally,
    async stop() {
      stopping.abort();
      await work;
    },
  };
}

const call = () => request(listener.url);

/** @returns the time from the first to the last of 100 jobs, in ms */
async function doJobs(): Promise<number> {
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: JOBS }, (_, number) =>
      call()
        .post('/api/add')
        .send({ task: `t${number}` })
        .expect(202),
    ),
  );
  await eventually(async () => {
    const { counts } = (await call().get('/api/jobs/summary').expect(200)).body;
    expect(counts).toMatchObject({ queued: 0, processing: 0, failed: 0 });
  }, 60_000);
  return performance.now() - begun;
}

const evicted = async () => Number(/^evicted_keys:(\d+)/m.exec(await taskApi.redis.redis.info('stats'))![1]);

it('does 100 jobs as fast with a full image store under load as with an empty one', async () => {
  await doJobs();
  // The same work for this machine, but always the same image.
  const control = startWriter(() => 'the-same');
  const withRoom = await doJobs();
  await control.stop();
  expect(await evicted()).toBe(0);

  const writer = startWriter(randomUUID);
  await eventually(async () => expect(await evicted()).toBeGreaterThan(10), 60_000);
  const before = await evicted();
  // A busy machine may hold up one of them.
  const whileFull = [await doJobs(), await doJobs(), await doJobs()];
  await writer.stop();
  expect(await evicted()).toBeGreaterThan(before);
  expect(writer.tally.failed).toBe(0);
  expect(Math.min(...whileFull)).toBeLessThan(withRoom * 4 + 500);
}, 180_000);

it('sets no time to live on the keys of the queue', async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  perform = () => gate.then(() => 'done');
  const jobs = doJobs();
  const { redis } = taskApi.redis;
  // On a busy machine, jobs in work may be on it once more.
  await eventually(async () =>
    expect(await redis.zcard(JOB_QUEUES.task)).toBeGreaterThanOrEqual(JOBS - CONCURRENCY),
  );
  const keys = await redis.keys('jobs:*');
  expect(keys.sort()).toEqual([JOB_QUEUES.task, 'jobs:questions']);
  for (const key of keys) expect(await redis.pttl(key)).toBe(-1);
  open();
  await jobs;
}, 120_000);
