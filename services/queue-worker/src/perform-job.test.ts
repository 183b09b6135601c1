import { randomUUID } from 'node:crypto';
import { createServiceClient, type ServiceClient } from '@millrace/chassis/calls';
import type { UploadResponse } from '@millrace/contracts';
import { createEffectWorkers, createImageStore, type ImageStore } from '@millrace/workflows';
import request from 'supertest';
import { makeImage } from '../../../tests/support/images.js';
import { type Listener, listenOnFreePort } from '../../../tests/support/listen.js';
import { basics } from '../../../tests/support/service-basics.js';
import { startTaskApi, type TestTaskApi } from '../../../tests/support/task-api.js';
import { createJobBoard, type JobBoard } from './job-board.js';
import { createPerformJob, type PerformJob } from './perform-job.js';
import { createBwWorker } from '../../../tests/support/workers.js';

let taskApi: TestTaskApi;
const listeners: Listener[] = [];
const clients: ServiceClient[] = [];
let board: JobBoard;
let images: ImageStore;
let perform: PerformJob;
beforeAll(async () => {
  taskApi = await startTaskApi();
  const limits = {
    IMAGE_MAX_PIXELS: 1_000_000,
    WORK_MAX_BYTES: 8 * 1024 ** 2,
    WORK_CONCURRENCY: 1,
    WORK_QUEUE_LIMIT: 1,
  };
  for (const app of [taskApi.app, createBwWorker({ ...basics('bw-worker-1'), limits })]) {
    const listener = await listenOnFreePort(app);
    listeners.push(listener);
    clients.push(createServiceClient({ name: 'a service', urls: [listener.url] }));
  }
  const [taskApiClient, bw] = clients as [ServiceClient, ServiceClient];
  board = createJobBoard(taskApiClient, 'queue-worker-1');
  images = createImageStore({ redis: taskApi.redis.redis, ttlSeconds: 60 });
  perform = createPerformJob({
    taskDelayMs: 0,
    // Not called for a grayscale image.
    textWorker: bw,
    effectWorkers: createEffectWorkers({
      workers: { bw, blur: bw },
      timeoutMs: 5_000,
      memoryBytes: 1024 ** 2,
    }),
    images,
    memoryBytes: 64 * 1024 ** 2,
    board,
  });
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(listeners.map((listener) => listener.close()));
  await taskApi.stop();
});

async function claimedImage() {
  const { id } = (
    await request(taskApi.app)
      .post('/internal/jobs/image?effects=bw')
      .set('Content-Type', 'image/png')
      .send(await makeImage('png', { width: 4, height: 4 }))
      .expect(202)
  ).body as { id: string };
  const [job] = (await board.claim([{ id, claim: randomUUID() }])).jobs;
  if (job?.kind !== 'image') throw new Error('not an image');
  return job;
}
const context = { onProgress: () => Promise.resolve() };

it('stores a finished image under an id that only its result has', async () => {
  const job = await claimedImage();
  const { id, view_url } = (await perform(job, context)) as UploadResponse;
  expect(id).toBe(job.payload.image_id);
  expect(view_url).toBe(`/image/${id}`);
  expect(await images.show(id, (image) => image)).toMatchObject({ type: 'image/png' });
  expect(await images.show(job.id, (image) => image)).toBeUndefined();
});

it('still does a job that was accepted before images had their own ids', async () => {
  const { payload, ...job } = await claimedImage();
  const { type, effects } = payload;
  const { id } = (await perform({ ...job, payload: { type, effects } }, context)) as UploadResponse;
  expect(id).toBe(job.id);
  expect(await images.show(id, (image) => image)).toMatchObject({ type: 'image/png' });
});
