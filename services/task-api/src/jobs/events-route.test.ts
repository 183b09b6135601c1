import { type Job, jobSchema } from '@millrace/contracts';
import request from 'supertest';
import { eventually } from '../../../../tests/support/eventually.js';
import { basics } from '../../../../tests/support/service-basics.js';
import { listenOnFreePort, type Listener } from '../../../../tests/support/listen.js';
import { startTaskApi, type TestTaskApi } from '../../../../tests/support/task-api.js';
import { workerCalls } from '../../../../tests/support/worker-calls.js';

const STREAM_LIMIT = 40;

let taskApi: TestTaskApi;
let listener: Listener;
beforeAll(async () => {
  taskApi = await startTaskApi({ eventStreamLimit: STREAM_LIMIT });
  listener = await listenOnFreePort(taskApi.app);
});
afterAll(async () => {
  await listener.close();
  await taskApi.stop();
});
beforeEach(() => taskApi.empty());

const call = () => request(taskApi.app);
const add = async (): Promise<string> => (await call().post('/api/add/task').expect(202)).body.id;
const worker = workerCalls(() => taskApi.app);
const claim = (id: string) => worker.claim(id);
const complete = (id: string) => worker.complete(id, { attempt: 1, result: null });

interface Event {
  id: string;
  job: Job;
}

/** Reads a stream of events, one by one. */
async function* eventsOf(id: string, lastEventId?: string): AsyncGenerator<Event> {
  const response = await fetch(`${listener.url}/api/jobs/${id}/events`, {
    headers: lastEventId ? { 'Last-Event-ID': lastEventId } : {},
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const [, eventId, data] = /^id: (.*)\nevent: job\ndata: (.*)$/.exec(block) ?? [];
      if (eventId && data) yield { id: eventId, job: jobSchema.parse(JSON.parse(data)) };
    }
  }
}

const nextOf = async (events: AsyncGenerator<Event>): Promise<Event> => (await events.next()).value;

describe('GET /api/jobs/:id/events', () => {
  it('sends the job, every change, and ends with it', async () => {
    const id = await add();
    const events = eventsOf(id);
    expect((await nextOf(events)).job.status).toBe('queued');
    await claim(id);
    expect((await nextOf(events)).job).toMatchObject({ status: 'processing', processed_by_pod: 'worker-1' });
    await complete(id);
    expect((await nextOf(events)).job.status).toBe('completed');
    expect((await events.next()).done).toBe(true);
  });

  it('continues where a reconnecting client left off', async () => {
    const id = await add();
    const { id: seen } = await nextOf(eventsOf(id));
    const again = eventsOf(id, seen);
    const next = nextOf(again);
    await claim(id);
    expect((await next).job.status).toBe('processing');

    await complete(id);
    const last = await nextOf(eventsOf(id, seen));
    expect(last.job.status).toBe('completed');
    // Nothing is left to send: an EventSource that gets 204 does not reconnect.
    const response = await fetch(`${listener.url}/api/jobs/${id}/events`, {
      headers: { 'Last-Event-ID': last.id },
    });
    expect(response.status).toBe(204);
  });

  it('serves up to its limit, and gives the places of disconnected clients to others', async () => {
    const ids = await Promise.all(Array.from({ length: STREAM_LIMIT }, add));
    const streams = ids.map((id) => eventsOf(id));
    await Promise.all(streams.map(nextOf));
    const openAnother = () => fetch(`${listener.url}/api/jobs/${ids[0]!}/events`);
    expect((await openAnother()).status).toBe(503);

    const [left, stay] = [streams.slice(10), streams.slice(0, 10)];
    await Promise.all(left.map((stream) => stream.return(undefined)));
    const others = await eventually(async () => {
      const other = eventsOf(ids[0]!);
      await nextOf(other);
      return other;
    });
    await Promise.all(ids.map(claim));
    for (const stream of stay) expect((await nextOf(stream)).job.status).toBe('processing');
    await Promise.all([others, ...stay].map((stream) => stream.return(undefined)));
  });

  it('ends when the replica shuts down, so that clients reconnect to another', async () => {
    const lifecycle = basics('x').lifecycle;
    const app = taskApi.createApp({ lifecycle });
    const own = await listenOnFreePort(app);
    const id = await add();
    const response = await fetch(`${own.url}/api/jobs/${id}/events`);
    lifecycle.drain();
    lifecycle.close();
    const text = await response.text();
    expect(text).toContain('event: job');
    await own.close();
  });

  it('reports the deletion of the job and ends; reconnecting is answered with 404', async () => {
    const id = await add();
    const response = await fetch(`${listener.url}/api/jobs/${id}/events`);
    await call().delete(`/api/tasks/${id}`).expect(204);
    expect(await response.text()).toMatch(/event: deleted\ndata:\n\n$/);
    const again = await fetch(`${listener.url}/api/jobs/${id}/events`, {
      headers: { 'Last-Event-ID': 'queued.0.0' },
    });
    expect(again.status).toBe(404);
  });

  it('answers HEAD at once', async () => {
    const head = await fetch(`${listener.url}/api/jobs/${await add()}/events`, {
      method: 'HEAD',
      signal: AbortSignal.timeout(30_000),
    });
    expect(head.status).toBe(200);
    expect(head.headers.get('content-type')).toBe('text/event-stream');
  });

  it('answers 404 to an unknown job and 400 to an invalid id', async () => {
    await call().get('/api/jobs/01a1fca7-0000-7000-8000-000000000000/events').expect(404);
    await call().get('/api/jobs/7/events').expect(400);
  });
});
