import { startTracing } from '@millrace/chassis/telemetry';
import type { Job } from '@millrace/contracts';
import request from 'supertest';
import {
  type OtlpReceiver,
  type ReceivedSpan,
  startOtlpReceiver,
} from '../../../../../tests/support/otlp-receiver.js';
import { recordingLogger } from '../../../../../tests/support/service-basics.js';
import { startTaskApi, type TestTaskApi } from '../../../../../tests/support/task-api.js';
import { until } from '../../../../../tests/support/until.js';
import { workerCalls } from '../../../../../tests/support/worker-calls.js';

let taskApi: TestTaskApi;
let receiver: OtlpReceiver;
let stopTracing: (() => Promise<void>) | undefined;
const before = { ...process.env };

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '20' });
  stopTracing = startTracing(recordingLogger().logger.child({ service: 'task-api', pod: 'task-api-1' }));
  taskApi = await startTaskApi({ maxAttempts: 2 });
});
afterAll(async () => {
  await taskApi.stop();
  await stopTracing?.();
  await receiver.close();
  process.env = before;
});

const worker = workerCalls(() => taskApi.app);

/** @returns the job's id and trace */
async function add(): Promise<{ id: string; traceId: string; requestSpan: string }> {
  const { body, headers } = await request(taskApi.app).post('/api/add/private').expect(202);
  const [, traceId, requestSpan] = headers['traceresponse']!.split('-') as [string, string, string];
  return { id: (body as { id: string }).id, traceId, requestSpan };
}

const jobOf = async (id: string): Promise<Job> =>
  (await request(taskApi.app).get(`/api/jobs/${id}`).expect(200)).body as Job;

/** The spans of waiting and attempts, in the order in which they began. */
const partsOf = (traceId: string, count: number): Promise<ReceivedSpan[]> =>
  until(`${count} parts`, () => {
    const parts = receiver.of(traceId).filter(({ name }) => /^(wait|attempt) jobs$/.test(name));
    return parts.length >= count ? parts.sort((one, other) => one.start - other.start) : false;
  });

const loseLease = (id: string) =>
  taskApi.postgres.db
    .query(`UPDATE jobs SET due_at = now() WHERE id = '${id}'`)
    .then(() => taskApi.sweepToRedis());

it('shows the waiting and the attempts of a job, which add up to its duration', async () => {
  const { id, traceId, requestSpan } = await add();
  await worker.claim(id, 'worker-1');
  await loseLease(id);
  const claimed = await worker.claim(id, 'worker-2');
  await worker.complete(id, { attempt: 2, result: {} });

  const parts = await partsOf(traceId, 4);
  expect(parts).toMatchObject([
    { name: 'wait jobs', attributes: { 'millrace.job.attempt': 1 } },
    {
      name: 'attempt jobs',
      attributes: { 'millrace.job.attempt': 1, 'millrace.pod': 'worker-1', 'millrace.job.outcome': 'lost' },
      status: { code: 2, message: 'lease lost' },
    },
    { name: 'wait jobs', attributes: { 'millrace.job.attempt': 2 } },
    {
      name: 'attempt jobs',
      attributes: {
        'millrace.job.attempt': 2,
        'millrace.pod': 'worker-2',
        'millrace.job.outcome': 'completed',
      },
      status: {},
    },
  ]);
  expect(new Set(parts.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([requestSpan]));
  expect(claimed!.traceparent).toBe(`00-${traceId}-${parts[3]!.spanId}-01`);
  expect(JSON.stringify(receiver.of(traceId))).not.toContain('private');

  const { created_at, finished_at } = await jobOf(id);
  const told = parts.reduce((sum, { start, end }) => sum + end - start, 0);
  expect(Math.abs(told - (Date.parse(finished_at!) - Date.parse(created_at)))).toBeLessThan(5);
});

it('shows what the sweeper publishes, in the trace of the request', async () => {
  const { id, traceId } = await add();
  await worker.claim(id, 'worker-1');
  await loseLease(id);
  await until(
    'it was published twice',
    () => receiver.of(traceId).filter(({ name }) => name === 'publish jobs').length >= 2,
  );
});

it('marks failed attempts, and the last one when the sweeper gives up on the job', async () => {
  const { id, traceId } = await add();
  await worker.claim(id, 'worker-1');
  await worker.fail(id, { attempt: 1, error: 'out of paper' });
  await taskApi.postgres.db.query(`UPDATE jobs SET run_at = now() WHERE id = '${id}'`);
  await worker.claim(id, 'worker-1');
  await loseLease(id);
  expect(await partsOf(traceId, 4)).toMatchObject([
    { name: 'wait jobs' },
    { attributes: { 'millrace.job.outcome': 'failed' }, status: { code: 2 } },
    { name: 'wait jobs' },
    { attributes: { 'millrace.job.outcome': 'lost' }, status: { code: 2 } },
  ]);
});

it('goes on in the same trace when somebody retries the job', async () => {
  const { id, traceId } = await add();
  await worker.claim(id, 'worker-1');
  await worker.fail(id, { attempt: 1, error: 'out of paper', permanent: true });
  const retried = await request(taskApi.app).post(`/api/jobs/${id}/retry`).expect(202);
  expect(retried.headers['traceresponse']).not.toContain(traceId);
  await worker.claim(id, 'worker-2');
  await worker.complete(id, { attempt: 2, result: {} });
  expect(await partsOf(traceId, 4)).toMatchObject([
    { name: 'wait jobs' },
    { attributes: { 'millrace.job.outcome': 'failed' } },
    { name: 'wait jobs', attributes: { 'millrace.job.attempt': 2 } },
    { attributes: { 'millrace.job.attempt': 2, 'millrace.job.outcome': 'completed' } },
  ]);
  await until(
    'it was published twice',
    () => receiver.of(traceId).filter(({ name }) => name === 'publish jobs').length === 2,
  );
});
