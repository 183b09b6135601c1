import { randomUUID } from 'node:crypto';
import { jobSchema, queuedTaskSchema, taskSchema, type Job } from '@millrace/contracts';
import { send, sendJson } from './client.js';
import { isLocal, logLines } from './endpoint.js';
import { until } from '../support/until.js';

async function add(task: string, headers: Record<string, string> = {}): Promise<string> {
  const reply = await sendJson('POST', '/api/add', { task }, { headers });
  expect(reply.status).toBe(202);
  return reply.as(queuedTaskSchema).id;
}

function ended(id: string): Promise<Job> {
  return until(`the job ${id} has ended`, async () => {
    const job = (await send(`/api/jobs/${id}`)).as(jobSchema);
    return ['completed', 'failed'].includes(job.status) && job;
  });
}

describe('a task in the queue', () => {
  test('ends as a completed job and task, which name the pod that did the work', async () => {
    const id = await add('grind the grain');

    const job = await ended(id);
    expect(job).toMatchObject({
      status: 'completed',
      attempts: [{ attempt: 1, outcome: 'completed' }],
      error: null,
      result: { task: 'grind the grain' },
      processed_by_pod: expect.stringContaining('queue-worker'),
    });
    const times = [job.created_at, job.started_at ?? '', job.finished_at ?? ''];
    expect(times).toEqual([...times].sort());

    expect((await send(`/api/tasks/${id}`)).as(taskSchema)).toMatchObject({
      title: 'grind the grain',
      status: 'completed',
      completed: true,
      processed_by_pod: job.processed_by_pod,
      completed_at: job.finished_at,
    });
  });

  test('200 tasks that arrive at once are all done, each exactly once', async () => {
    const mark = randomUUID();
    const ids = await Promise.all(Array.from({ length: 200 }, (_, i) => add(`${mark} ${i}`)));
    expect(new Set(ids).size).toBe(200);

    await until(
      'all 200 are completed',
      async () => {
        const tasks = (await send(`/api/tasks?q=${mark}&limit=200&status=completed`)).as(taskSchema.array());
        return tasks.length === 200;
      },
      60_000,
    );
    // An attempt whose response came too late on a busy machine is repeated; only one of them counts.
    for (const id of ids) {
      const { attempts } = (await send(`/api/jobs/${id}`)).as(jobSchema);
      expect(attempts.filter(({ outcome }) => outcome === 'completed')).toHaveLength(1);
    }
    if (isLocal) {
      const done = () =>
        logLines
          .filter(({ msg, job_id }) => msg === 'Completed task' && ids.includes(String(job_id)))
          .map(({ job_id }) => job_id);
      // A worker's line comes a moment after the answer to its report.
      await until('all are in the log', () => done().length >= ids.length);
      expect(done().sort()).toEqual([...ids].sort());
    }
  }, 90_000);

  test('deleted during its work leaves nothing behind', async () => {
    const id = await add('soon gone');
    expect((await send(`/api/tasks/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await send(`/api/jobs/${id}`)).status).toBe(404);
  });

  (isLocal ? test : test.skip)('carries the request id into the worker’s log lines', async () => {
    const requestId = `traced-${randomUUID()}`;
    const id = await add('follow me', { 'X-Request-Id': requestId });
    await ended(id);

    for (const msg of ['Processing task', 'Completed task']) {
      const line = await until(`there is a log line "${msg}"`, () =>
        logLines.find((candidate) => candidate.msg === msg && candidate.job_id === id),
      );
      expect(line).toMatchObject({
        service: 'queue-worker',
        pod: 'queue-worker-1',
        kind: 'task',
        request_id: requestId,
      });
    }
    // The worker's report counts as the same request. It learns the id with its claim.
    await until('task-api has logged both calls', () => {
      const calls = logLines.filter(
        ({ source, request_id }) => source === 'task-api-1' && request_id === requestId,
      );
      // On a busy machine, there may be renewals of the lease, too.
      return calls.filter(({ msg }) => msg === 'request').length >= 2;
    });
  });
});
