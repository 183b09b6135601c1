import { randomUUID } from 'node:crypto';
import request from 'supertest';
import { eventually } from '../../../../tests/support/eventually.js';
import { listenOnFreePort, type Listener } from '../../../../tests/support/listen.js';
import { basics, silentLogger } from '../../../../tests/support/service-basics.js';
import { startTaskApi, type TestTaskApi } from '../../../../tests/support/task-api.js';
import { workerCalls } from '../../../../tests/support/worker-calls.js';
import { createTaskHints, type TaskHints } from './task-hints.js';

let taskApi: TestTaskApi;
let hints: TaskHints;
/** Two replicas on the same PostgreSQL and Redis. */
let replicas: [Listener, Listener];

beforeAll(async () => {
  taskApi = await startTaskApi();
  hints = createTaskHints(taskApi.redis.redis, silentLogger(), { pauseMs: 100 });
  replicas = [
    await listenOnFreePort(taskApi.app),
    await listenOnFreePort(taskApi.createApp({ ...basics('task-api-2'), hints })),
  ];
});
afterAll(async () => {
  hints.close();
  await Promise.all(replicas.map((replica) => replica.close()));
  await taskApi.stop();
});
beforeEach(async () => {
  await taskApi.empty();
  // The streams of the previous test have been noticed to be gone.
  await eventually(async () => expect(await subscribers()).toBe(0));
});

/** How many replicas are subscribed to changes. */
async function subscribers(): Promise<number> {
  const [, count] = (await taskApi.redis.redis.pubsub('NUMSUB', 'task-changes')) as [string, number];
  return count;
}

/** An open stream. */
interface Stream {
  response: Response;
  /** How many changes it has reported. */
  changes: () => number;
  /** Whether it has ended by itself. */
  ended: () => boolean;
  close(): void;
}

/** Opens a stream. */
async function open(replica: Listener): Promise<Stream> {
  const controller = new AbortController();
  const response = await fetch(`${replica.url}/api/tasks/events`, { signal: controller.signal });
  let text = '';
  let ended = false;
  const read = async () => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk;
    ended = true;
  };
  read().catch(() => undefined);
  return {
    response,
    changes: () => text.split('event: change\n').length - 1,
    ended: () => ended,
    close: () => controller.abort(),
  };
}

/** Opens the first stream of a replica, and waits until that is subscribed: then nobody knows what was before, so it reports a change. */
async function listen(replica: Listener): Promise<Stream> {
  const stream = await open(replica);
  await told(stream, 0);
  return stream;
}

async function told(stream: Stream, before: number): Promise<void> {
  await eventually(() => expect(stream.changes()).toBeGreaterThan(before));
}

/** Waits until nothing has arrived for longer than hints are held back: many short times, because one can be over while the machine stood still. */
async function quiet(stream: Stream): Promise<number> {
  let seen = stream.changes();
  for (let still = 0; still < 10; still += 1) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    if (stream.changes() !== seen) still = 0;
    seen = stream.changes();
  }
  return seen;
}

describe('GET /api/tasks/events', () => {
  it('reports every kind of change on every replica', async () => {
    const [first, second] = replicas;
    const streams = [await listen(first), await listen(second)];
    expect(streams[0]!.response.headers.get('content-type')).toBe('text/event-stream');
    expect(streams[0]!.response.headers.get('x-accel-buffering')).toBe('no');

    const call = () => request(first.url);
    let id = '';
    const worker = workerCalls(() => first.url);
    const steps: [string, () => Promise<unknown>][] = [
      ['created', async () => (id = (await call().post('/tasks').send({ title: 'a' }).expect(201)).body.id)],
      ['edited', () => call().patch(`/tasks/${id}`).send({ completed: true }).expect(200)],
      ['replaced', () => call().put(`/tasks/${id}`).send({ title: 'b' }).expect(200)],
      ['deleted', () => call().delete(`/tasks/${id}`).expect(204)],
      ['queued', async () => (id = (await call().get('/add/c').expect(202)).body.id)],
      ['begun by a worker', () => worker.claim(id)],
      ['completed by a worker', () => worker.complete(id, { attempt: 1, result: null })],
    ];
    for (const [step, change] of steps) {
      const before = await Promise.all(streams.map(quiet));
      await change();
      await Promise.all(streams.map((stream, index) => told(stream, before[index]!))).catch(() => {
        throw new Error(`not told: ${step}`);
      });
    }
    streams.forEach((stream) => stream.close());
  });

  it('reports jobs that the sweeper requeues or fails, but not those that it only republishes', async () => {
    const stream = await listen(replicas[1]);
    const id: string = (await request(replicas[0].url).post('/api/add/lost').expect(202)).body.id;
    const claim = async () => expect(await workerCalls(() => replicas[0].url).claim(id)).toBeDefined();
    const sweepLater = async () => {
      await taskApi.postgres.db.query("UPDATE jobs SET due_at = now() - interval '1 s' WHERE id = $1", [id]);
      await taskApi.sweepToRedis();
    };
    let before = await quiet(stream);
    await sweepLater();
    expect(await quiet(stream)).toBe(before);

    await claim();
    before = await quiet(stream);
    await sweepLater();
    await told(stream, before);

    await claim();
    await taskApi.postgres.db.query('UPDATE jobs SET attempt = max_attempts WHERE id = $1', [id]);
    before = await quiet(stream);
    await sweepLater();
    await told(stream, before);
    stream.close();
  });

  it('reports to users their own changes, and to administrators all changes', async () => {
    const told: string[] = [];
    const other = createTaskHints(taskApi.redis.redis, silentLogger(), { pauseMs: 0 });
    const stops = [
      other.listen('ada', () => told.push('ada')),
      other.listen('bob', () => told.push('bob')),
      other.listen(null, () => told.push('administrator')),
    ];
    // A new subscription reports a change, because earlier ones are unknown.
    await eventually(() => expect(told.sort()).toEqual(['ada', 'administrator', 'bob']));
    for (const [owner, listeners] of [
      ['ada', ['ada', 'administrator']],
      ['bob', ['administrator', 'bob']],
      [null, ['administrator']],
    ] as const) {
      told.length = 0;
      hints.changed([owner, owner]);
      await eventually(() => expect(told.sort()).toEqual(listeners));
    }
    stops.forEach((stop) => stop());
    other.close();
  });

  it('sends nothing when nothing has changed', async () => {
    const stream = await listen(replicas[0]);
    const before = await quiet(stream);
    await request(replicas[0].url).get('/api/tasks').expect(200);
    await request(replicas[0].url).post('/tasks').send({ title: '' }).expect(422);
    await request(replicas[0].url).delete(`/tasks/${randomUUID()}`).expect(404);
    expect(await quiet(stream)).toBe(before);
    stream.close();
  });

  it('sends nothing for a repeated request or a renewed lease, but reports progress', async () => {
    const call = () => request(replicas[0].url);
    const addOnce = () => call().post('/api/add/once').set('Idempotency-Key', 'once').expect(202);
    const id: string = (await addOnce()).body.id;
    const createOnce = () =>
      call().post('/api/tasks').set('Idempotency-Key', 'created').send({ title: 'a' }).expect(201);
    await createOnce();
    const worker = workerCalls(() => replicas[0].url);
    const renew = async (progress?: object) =>
      expect(await worker.renew(id, { attempt: 1, ...(progress && { progress }) })).toBe(true);
    expect(await worker.claim(id)).toBeDefined();

    const stream = await listen(replicas[1]);
    const before = await quiet(stream);
    await addOnce();
    await createOnce();
    await renew();
    expect(await quiet(stream)).toBe(before);
    await renew({ done: 1, total: 2 });
    await told(stream, before);
    stream.close();
  });

  it('sends at most one hint a second, however many changes and replicas there are', async () => {
    const own = [0, 1].map(() => createTaskHints(taskApi.redis.redis, silentLogger()));
    const usual = await Promise.all(
      own.map((each) => listenOnFreePort(taskApi.createApp({ ...basics('task-api-5'), hints: each }))),
    );
    const stream = await listen(usual[0]!);
    const begun = performance.now();
    for (let round = 0; stream.changes() < 3; round += 1)
      await request(usual[round % 2]!.url)
        .post('/api/add/many')
        .expect(202);
    expect(performance.now() - begun).toBeGreaterThan(1_900);
    stream.close();
    for (const each of own) each.close();
    await Promise.all(usual.map((replica) => replica.close()));
  });

  it('has one subscription per replica, and none without listeners', async () => {
    const streams = await Promise.all([...replicas, ...replicas].map(open));
    await Promise.all(streams.map((stream) => told(stream, 0)));
    expect(await subscribers()).toBe(2);
    streams.forEach((stream) => stream.close());
    await eventually(async () => expect(await subscribers()).toBe(0));
  });

  it('stays open while Redis is down, and reports changes when it is back', async () => {
    const stream = await listen(replicas[1]);
    await quiet(stream);
    await taskApi.redis.link.cut();
    // Nothing blocks the request that makes the change.
    await request(replicas[0].url).post('/tasks').send({ title: 'meanwhile' }).expect(201);
    const before = stream.changes();
    await taskApi.redis.link.mend();
    // The reconnection itself reports what was missed.
    await told(stream, before);
    const after = await quiet(stream);
    await eventually(() => taskApi.redis.redis.ping());
    await request(replicas[0].url).post('/tasks').send({ title: 'afterwards' }).expect(201);
    await told(stream, after);
    expect(stream.ended()).toBe(false);
    stream.close();
  });

  it('answers 503 at the limit of streams, until one ends', async () => {
    const streams = await Promise.all(Array.from({ length: 10 }, () => open(replicas[0])));
    const refused = await fetch(`${replicas[0].url}/api/tasks/events`);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
    await refused.text();
    streams[0]!.close();
    streams[0] = await eventually(async () => {
      const stream = await open(replicas[0]);
      expect(stream.response.status).toBe(200);
      return stream;
    });
    streams.forEach((stream) => stream.close());
  });

  it('sends nothing once it has ended, even for a change during the shutdown', async () => {
    const { lifecycle, ...rest } = basics('task-api-4');
    const own = await listenOnFreePort(taskApi.createApp({ ...rest, lifecycle, hints }));
    // Subscribes before the stream does: at a hint, the stream has just ended.
    let close = () => {};
    const stop = hints.listen(null, () => close());
    const stream = await open(own);
    const before = await quiet(stream);
    close = () => lifecycle.close();
    await request(own.url).post('/tasks').send({ title: 'late' }).expect(201);
    await eventually(() => expect(stream.ended()).toBe(true));
    expect(stream.changes()).toBe(before);
    await request(own.url).get('/livez').expect(200);
    stop();
    await own.close();
  });

  it('ends when the replica shuts down, so that clients reconnect to another', async () => {
    const { lifecycle, ...rest } = basics('task-api-3');
    const own = await listenOnFreePort(taskApi.createApp({ ...rest, lifecycle }));
    const stream = await listen(own);
    lifecycle.drain();
    lifecycle.close();
    await eventually(() => expect(stream.ended()).toBe(true));
    await own.close();
  });
});
