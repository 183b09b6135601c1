import { once } from 'node:events';
import http from 'node:http';
import { labEventSchema, type LabEvent, type LabRequest } from '@millrace/contracts';
import request from 'supertest';
import { eventually } from '../../../../tests/support/eventually.js';
import { startGateway, type TestGateway } from '../../../../tests/support/gateway.js';
import { makeImage } from '../../../../tests/support/images.js';
import { type Listener, listenOnFreePort } from '../../../../tests/support/listen.js';

let gateway: TestGateway;
let listener: Listener;
let photo: Buffer;
beforeAll(async () => {
  // Long enough for what a test does while a run is held up.
  gateway = await startGateway({ limits: { uploadTimeoutMs: 60_000 } });
  listener = await listenOnFreePort(gateway.app);
  photo = await makeImage('jpeg');
});
afterAll(async () => {
  await listener.close();
  await gateway.stop();
});
afterEach(() => gateway.mend());

const post = (query: string) =>
  request(gateway.app).post(`/lab/runs?${query}`).set('Content-Type', 'image/jpeg').buffer(true);
const eventsOf = (text: string): LabEvent[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => labEventSchema.parse(JSON.parse(line)));
const isDone = (event: LabEvent): event is LabRequest => event.event === 'done';

it('reports when each request begins and ends, and the end of the run', async () => {
  const response = await post('effect=blur&requests=5&concurrency=2').send(photo).expect(200);
  expect(response.type).toBe('application/x-ndjson');
  expect(response.get('x-accel-buffering')).toBe('no');
  const events = eventsOf(response.text);
  expect(events.filter(({ event }) => event === 'begun')).toHaveLength(5);

  const done = events.filter(isDone);
  expect(done.map(({ request: number }) => number).sort()).toEqual([1, 2, 3, 4, 5]);
  for (const { status, pod, error, sent_ms, begun_ms, ended_ms } of done) {
    expect({ status, pod, error }).toEqual({ status: 200, pod: 'blur-worker-1', error: null });
    expect(begun_ms).toBeGreaterThanOrEqual(sent_ms);
    expect(ended_ms).toBeGreaterThanOrEqual(begun_ms!);
  }
  const last = events.at(-1)!;
  expect(last).toEqual({ event: 'end', ms: expect.any(Number) });
});

it('never exceeds the requested concurrency', async () => {
  const response = await post('effect=bw&requests=9&concurrency=3').send(photo).expect(200);
  const done = eventsOf(response.text).filter(isDone);
  const underWayAt = (ms: number) => done.filter((one) => one.sent_ms < ms && one.ended_ms > ms).length;
  expect(Math.max(...done.map(({ ended_ms }) => underWayAt(ended_ms)))).toBeLessThanOrEqual(3);
});

it('reports failed requests, and continues', async () => {
  await gateway.links.blurWorker.cut();
  const response = await post('effect=blur&requests=3').send(photo).expect(200);
  const done = eventsOf(response.text).filter(isDone);
  expect(done).toHaveLength(3);
  for (const one of done)
    expect(one).toMatchObject({
      status: 503,
      pod: null,
      begun_ms: null,
      error: expect.stringContaining('blur-worker'),
    });
});

it.each([
  ['an effect that is none', 'effect=sepia', 'effect'],
  ['no effect', 'requests=2', 'effect'],
  ['too many requests', 'effect=bw&requests=201', 'requests'],
  ['too many at once', 'effect=bw&concurrency=51', 'concurrency'],
  ['a parameter that it does not know', 'effect=bw&speed=9', 'speed'],
])('answers 400 to %s', async (_what, query, path) => {
  const { body } = await post(query).send(photo).expect(400);
  expect(body.errors).toEqual([{ path, message: expect.any(String) }]);
});

it.each(['image/jpg', 'application/octet-stream', ''])(
  'accepts an image with the Content-Type "%s"',
  async (type) => {
    const headers: Record<string, string> = type ? { 'Content-Type': type } : {};
    const body = new Uint8Array(photo);
    const response = await fetch(`${listener.url}/lab/runs?effect=bw&requests=1`, {
      method: 'POST',
      headers,
      body,
    });
    expect(response.status).toBe(200);
    expect(eventsOf(await response.text()).filter(isDone)).toMatchObject([{ status: 200 }]);
  },
);

it('answers 415 to a body that is not an image, and 413 to one over 1 MiB', async () => {
  await post('effect=bw').send(Buffer.from('no image')).expect(415);
  await request(gateway.app).post('/lab/runs?effect=bw').send({ text: 'none' }).expect(415);
  await post('effect=bw')
    .send(Buffer.alloc(1024 ** 2 + 1))
    .expect(413);
});

describe('one run at a time', () => {
  /** Begins a run that lasts until the link to the workers is repaired. */
  const beginFrozenRun = async () => {
    await gateway.links.blurWorker.freeze();
    const open = http.request(`${listener.url}/lab/runs?effect=blur&requests=1`, {
      method: 'POST',
      headers: { 'Content-Type': 'image/jpeg', 'Content-Length': photo.length },
    });
    open.on('error', () => undefined);
    open.end(photo);
    await once(open, 'response');
    return open;
  };

  it('reads no image that it has no place for', async () => {
    const first = await beginFrozenRun();
    const announced = http.request(`${listener.url}/lab/runs?effect=bw`, {
      method: 'POST',
      headers: { 'Content-Type': 'image/jpeg', 'Content-Length': 1_000_000 },
    });
    announced.on('error', () => undefined);
    announced.flushHeaders();
    const [response] = (await once(announced, 'response')) as [http.IncomingMessage];
    expect(response.statusCode).toBe(503);
    announced.destroy();
    first.destroy();
  });

  it('answers 503 to another, until the first client disconnects', async () => {
    const first = await beginFrozenRun();
    const refused = await post('effect=bw&requests=1').send(photo).expect(503);
    expect(refused.get('retry-after')).toBe('1');
    first.destroy();
    await gateway.mend();
    await eventually(() => post('effect=bw&requests=1').send(photo).expect(200));
  });
});

it('responds with 404 where the lab is turned off', async () => {
  const off = await startGateway({ limits: { labRunLimit: 0 } });
  try {
    const response = await request(off.app).post('/lab/runs?effect=blur&requests=1').send(photo).expect(404);
    expect(response.type).toBe('application/problem+json');
    await request(off.app).get('/lab/runs').expect(405);
  } finally {
    await off.stop();
  }
});
