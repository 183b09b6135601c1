import request from 'supertest';
import { useTaskApi } from '../../../../tests/support/task-api.js';
import { workerCalls } from '../../../../tests/support/worker-calls.js';

const taskApi = useTaskApi();

const call = () => request(taskApi.app);
const worker = workerCalls(() => taskApi.app);
const claim = async (id: string) => expect(await worker.claim(id)).toBeDefined();
const addImage = async () =>
  (
    await call()
      .post('/internal/jobs/image?effects=bw')
      .set('Content-Type', 'image/png')
      .send(Buffer.alloc(1_000))
      .expect(202)
  ).body.id as string;
const addText = async () =>
  (await call().post('/internal/jobs/analyze').send({ text: 'Hello' }).expect(202)).body.id as string;

/** What is still stored of the job's input. */
const kept = async (id: string) => {
  const [job] = await taskApi.postgres.db.query<{ payload: object; input_bytes: number; images: number }>(
    `SELECT payload, input_bytes, (SELECT count(*)::int FROM job_inputs WHERE job_id = id) AS images
       FROM jobs WHERE id = $1`,
    [id],
  );
  return job;
};
const NOTHING = { payload: {}, input_bytes: 0, images: 0 };

const endings: [string, (id: string) => Promise<unknown>][] = [
  ['is completed', (id) => worker.complete(id, { attempt: 1, result: null })],
  ['has failed for good', (id) => worker.fail(id, { attempt: 1, error: 'broken', permanent: true })],
  [
    'is ended by hand in the database',
    (id) =>
      taskApi.postgres.db.query(
        `UPDATE jobs SET status = 'cancelled', due_at = NULL, finished_at = now() WHERE id = $1`,
        [id],
      ),
  ],
];

describe.each([
  ['image', addImage],
  ['text', addText],
])("a job's %s", (_kind, add) => {
  it.each(endings)('is deleted when the job %s', async (_how, end) => {
    const id = await add();
    expect((await kept(id))?.input_bytes).toBeGreaterThan(0);
    await claim(id);
    await end(id);
    expect(await kept(id)).toEqual(NOTHING);
  });

  it('is deleted when the job is cancelled', async () => {
    const id = await add();
    await call().delete(`/api/jobs/${id}`).expect(200);
    expect(await kept(id)).toEqual(NOTHING);
  });

  it('is kept when the job is out of attempts, for a retry by hand', async () => {
    const id = await add();
    const before = await kept(id);
    await taskApi.postgres.db.query('UPDATE jobs SET max_attempts = 1');
    await claim(id);
    expect(await worker.fail(id, { attempt: 1, error: 'no worker' })).toBe(true);
    expect(await kept(id)).toEqual(before);
    await call().post(`/api/jobs/${id}/retry`).expect(202);
    await claim(id);
    expect(await worker.complete(id, { attempt: 2, result: null })).toBe(true);
  });

  it('is gone after a refusal, so a retry is answered with the reason', async () => {
    const id = await add();
    await claim(id);
    expect(await worker.fail(id, { attempt: 1, error: 'broken', permanent: true })).toBe(true);
    const { detail } = (await call().post(`/api/jobs/${id}/retry`).expect(409)).body;
    expect(detail).toBe(
      'The input of this job is no longer stored: it was refused, or the job failed too long ago. Send it again as a new job.',
    );
  });
});
