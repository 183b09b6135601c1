import { randomUUID } from 'node:crypto';
import {
  acceptedJobSchema,
  analyzeResponseSchema,
  jobListItemSchema,
  jobSchema,
  jobSummarySchema,
  queuedTaskSchema,
  taskSchema,
  uploadResponseSchema,
  type Job,
} from '@millrace/contracts';
import { expectProblem, send, sendJson, upload, type Reply } from './client.js';
import { jpeg } from './images.js';
import { until } from '../support/until.js';

const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();

function accepted(reply: Reply): string {
  expect(reply.status).toBe(202);
  const { id, status_url } = reply.as(acceptedJobSchema);
  expect(status_url).toBe(`/api/jobs/${id}`);
  expect(reply.headers.location).toBe(status_url);
  return id;
}

function completed(id: string): Promise<Job> {
  return until(`the job ${id} is completed`, async () => {
    const job = (await send(`/api/jobs/${id}`)).as(jobSchema);
    return job.status === 'completed' && job;
  });
}

/** A task that stays in the queue until it is cancelled. */
async function addForTomorrow(): Promise<string> {
  const reply = await sendJson('POST', '/api/add', { task: 'tomorrow', run_at: TOMORROW });
  expect(reply.status).toBe(202);
  return reply.as(queuedTaskSchema).id;
}

describe('work as a job', () => {
  test('POST /analyze?async=true returns a job with the analysis as its result', async () => {
    const id = accepted(await sendJson('POST', '/analyze?async=true', { text: 'Hello, how are you?' }));
    const { kind, result } = await completed(id);
    expect(kind).toBe('analyze');
    expect(analyzeResponseSchema.parse(result)).toEqual({
      processed_text: 'Word Count: 4 | Reverse: ?uoy era woh ,olleH',
    });
  });

  test('POST /upload?async=true returns a job with the image as its result', async () => {
    const form = { file: await jpeg(), effects: 'bw,blur' };
    const id = accepted(await upload(form, { query: 'async=true' }));
    const { kind, result, progress } = await completed(id);
    expect({ kind, progress }).toEqual({ kind: 'image', progress: { done: 2, total: 2 } });
    const { view_url, applied_effects } = uploadResponseSchema.parse(result);
    expect(applied_effects).toEqual(['bw', 'blur']);
    expect(await send(view_url)).toMatchObject({ status: 200, headers: { 'content-type': 'image/jpeg' } });
  });

  test('bad input is refused before it becomes a job', async () => {
    expectProblem(await sendJson('POST', '/analyze?async=true', { text: 7 }), 422);
    expectProblem(await sendJson('POST', '/analyze?async=perhaps', { text: 'x' }), 400);
    expectProblem(await upload({ file: Buffer.from('text'), effects: 'bw' }, { query: 'async=true' }), 415);
    expectProblem(await sendJson('POST', '/api/add', { task: 'x', run_at: 'soon' }), 422);
  });
});

describe('a job', () => {
  test('can be followed as it progresses, until it finishes', async () => {
    const { id } = (await sendJson('POST', '/api/add', { task: 'watched' })).as(queuedTaskSchema);
    // The stream ends with the job.
    const stream = await send(`/api/jobs/${id}/events`);
    expect(stream).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    });
    const jobs = [...stream.text().matchAll(/^event: job\ndata: (.*)$/gm)].map(([, data = '']) =>
      jobSchema.parse(JSON.parse(data)),
    );
    expect(jobs.at(-1)).toMatchObject({ id, status: 'completed' });

    const ids = [...stream.text().matchAll(/^id: (.*)$/gm)];
    const again = { headers: { 'Last-Event-ID': ids.at(-1)?.[1] } };
    expect((await send(`/api/jobs/${id}/events`, again)).status).toBe(204);
  });

  test('can be cancelled while it is queued, and deleted when it has finished; its task stays', async () => {
    const id = await addForTomorrow();
    const reply = await send(`/api/jobs/${id}`, { method: 'DELETE' });
    expect(reply.status).toBe(200);
    expect(reply.as(jobSchema)).toMatchObject({ id, status: 'cancelled' });
    expectProblem(await send(`/api/jobs/${id}?status=queued`, { method: 'DELETE' }), 409);
    const cancelled = (await send('/api/jobs?status=cancelled')).as(jobListItemSchema.array());
    expect(cancelled.map((job) => job.id)).toContain(id);

    expect((await send(`/api/jobs/${id}`, { method: 'DELETE' })).status).toBe(204);
    expectProblem(await send(`/api/jobs/${id}`), 404);
    expect((await send(`/api/tasks/${id}`)).as(taskSchema).status).toBe('cancelled');
  });

  test('that has not failed cannot be retried', async () => {
    const id = await addForTomorrow();
    expectProblem(await send(`/api/jobs/${id}/retry`, { method: 'POST' }), 409);
    await send(`/api/jobs/${id}`, { method: 'DELETE' });
  });

  test('is created once for the same Idempotency-Key, however many times it is requested', async () => {
    const headers = { 'Idempotency-Key': randomUUID() };
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => sendJson('POST', '/api/add', { task: 'once' }, { headers })),
    );
    expect(new Set(replies.map((reply) => reply.as(queuedTaskSchema).id)).size).toBe(1);
    const other = await sendJson('POST', '/api/add', { task: 'twice' }, { headers });
    expect([409, 422]).toContain(other.status);
    expectProblem(other, other.status);
  });

  test('that does not exist has no events, and cannot be retried or cancelled', async () => {
    const path = `/api/jobs/${randomUUID()}`;
    expectProblem(await send(`${path}/events`), 404);
    expectProblem(await send(`${path}/retry`, { method: 'POST' }), 404);
    expectProblem(await send(path, { method: 'DELETE' }), 404);
  });
});

test('GET /api/jobs/summary counts jobs by status', async () => {
  const reply = await send('/api/jobs/summary');
  expect(reply.status).toBe(200);
  const { counts, due, scheduled } = reply.as(jobSummarySchema);
  expect(counts.completed).toBeGreaterThan(0);
  expect(due + scheduled).toBe(counts.queued);
});
