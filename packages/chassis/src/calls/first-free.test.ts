import { createServer } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventually } from '../../../../tests/support/eventually.js';
import { deserted } from '../../../../tests/support/listen.js';
import { Unavailable } from '../http/problem.js';
import { createServiceClient, type ServiceClient } from './service-client.js';
import { createWorkLimiter } from '../work/work-limiter.js';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

interface ReplicaOptions {
  /** Default: 100 */
  workMs?: number;
  /** What each piece of work waits for as well. */
  work?: Promise<unknown>;
  queueLimit?: number;
  port?: number;
}

/** Longer than any test: a place that is taken stays so. */
const FOR_EVER_MS = 600_000;

/** A replica that works on one request at a time, and keeps the others waiting without their bodies. */
async function replica(
  name: string,
  { workMs = 100, work = sleep(0), queueLimit = 100, port = 0 }: ReplicaOptions = {},
) {
  const limiter = createWorkLimiter({ concurrency: 1, queueLimit });
  const seen = { bodies: 0, done: 0 };
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connection', (socket) => sockets.add(socket));
  server.on('checkContinue', (req, res) => {
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    limiter
      .run(
        async () => {
          res.writeContinue();
          await once(req.resume(), 'end', { signal: gone.signal });
          seen.bodies += 1;
          await sleep(workMs, undefined, { signal: gone.signal });
          await work;
          seen.done += 1;
          res.setHeader('X-Served-By', name).end(name);
        },
        { signal: gone.signal },
      )
      .catch(() => res.writeHead(503, { 'Retry-After': '7' }).end());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const kill = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  cleanUps.push(kill);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { name, url, seen, limiter, kill };
}

function clientOf(...urls: string[]): ServiceClient {
  const client = createServiceClient({ name: 'worker', urls });
  cleanUps.push(() => client.close());
  return client;
}

const body = Buffer.alloc(300_000, 'x');
const place = (client: ServiceClient, timeoutMs = 10_000, signal?: AbortSignal, breaksLimit = Infinity) =>
  client.request({
    method: 'POST',
    path: '/',
    body,
    idempotent: true,
    breaksLimit,
    waitForRoom: true,
    timeoutMs,
    signal,
  });
/** Takes the place of a replica, until the test is over. */
const hold = ({ url }: { url: string }) => void place(clientOf(url), FOR_EVER_MS).catch(() => undefined);

it('asks one replica only when that one has room', async () => {
  const [a, b] = [await replica('a'), await replica('b')];
  const client = clientOf(a.url, b.url);
  for (let round = 0; round < 4; round++) await place(client);
  expect(a.seen.bodies + b.seen.bodies).toBe(4);
});

it('never binds a request to a busy replica, however many clients there are', async () => {
  const replicas = await Promise.all(['a', 'b', 'c', 'd'].map((name) => replica(name)));
  const urls = replicas.map(({ url }) => url);
  const clients = [clientOf(...urls), clientOf(...urls)];
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => place(clients[index % 2]!)));
  expect(new Set(answers.map(({ pod }) => pod)).size).toBe(4);
  // Five each; on a busy machine, one may be done with one more before another.
  for (const { seen } of replicas) expect([4, 5, 6]).toContain(seen.done);
  // If two replicas ask for the body at the same moment, one of them gets it.
  expect(replicas.reduce((sum, { seen }) => sum + seen.bodies, 0)).toBe(20);
});

it('gives the faster replica more', async () => {
  let end = () => {};
  const work = new Promise<void>((resolve) => (end = resolve));
  const [slow, quick] = [await replica('slow', { work }), await replica('quick', { workMs: 50 })];
  const client = clientOf(slow.url, quick.url);
  const answers = Promise.all(Array.from({ length: 12 }, () => place(client)));
  await eventually(() => expect([slow.seen.bodies, quick.seen.done]).toEqual([1, 11]));
  end();
  await answers;
});

it('moves waiting requests to a new replica', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'replicas-'));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'worker');
  const first = await replica('first', { workMs: 500 });
  writeFileSync(file, first.url);
  const client = clientOf(pathToFileURL(file).href);
  const answers = Promise.all(Array.from({ length: 12 }, () => place(client)));
  await eventually(() => expect(first.limiter.waiting()).toBe(11));
  const second = await replica('second', { workMs: 50 });
  writeFileSync(file, `${first.url}\n${second.url}\n`);
  await answers;
  expect(second.seen.done).toBeGreaterThan(0);
});

it('retries a replica that was not listening yet', async () => {
  const first = await replica('first', { workMs: 500 });
  const late = await deserted();
  const client = clientOf(first.url, late);
  const answers = Promise.all(Array.from({ length: 10 }, () => place(client)));
  await eventually(() => expect(first.limiter.waiting()).toBe(9));
  const second = await replica('second', { workMs: 50, port: Number(new URL(late).port) });
  await answers;
  expect(second.seen.done).toBeGreaterThan(0);
});

it('tries another replica when one crashes', async () => {
  const [dies, lives] = [await replica('dies', { workMs: FOR_EVER_MS }), await replica('lives')];
  const client = clientOf(dies.url, lives.url);
  const answers = Promise.all([place(client), place(client)]);
  await eventually(() => expect([dies.seen.bodies, lives.seen.bodies]).toEqual([1, 1]));
  dies.kill();
  expect((await answers).map(({ pod }) => pod)).toEqual(['lives', 'lives']);
});

it('retries a client’s body once, and refuses it when it crashes a second replica', async () => {
  const deadly = await Promise.all(['a', 'b', 'c'].map((name) => replica(name, { workMs: FOR_EVER_MS })));
  for (const { seen, kill } of deadly) {
    const watch = setInterval(() => seen.bodies > 0 && kill(), 10);
    cleanUps.push(() => clearInterval(watch));
  }
  const client = clientOf(...deadly.map(({ url }) => url));
  await expect(place(client, 10_000, undefined, 2)).rejects.toMatchObject({
    status: 422,
    message: 'worker crashed while processing this input.',
  });
  expect(deadly.filter(({ seen }) => seen.bodies > 0)).toHaveLength(2);
});

it('skips a replica that is gone, and one that is full', async () => {
  const full = await replica('full', { queueLimit: 0, workMs: FOR_EVER_MS });
  const good = await replica('good');
  hold(full);
  await eventually(() => expect(full.limiter.inFlight()).toBe(1));
  const client = clientOf(await deserted(), full.url, good.url);
  for (let round = 0; round < 5; round++) expect((await place(client)).pod).toBe('good');
});

it('is Unavailable when all are full, and says when to retry', async () => {
  const only = await replica('only', { queueLimit: 0, workMs: FOR_EVER_MS });
  hold(only);
  await eventually(() => expect(only.limiter.inFlight()).toBe(1));
  await expect(place(clientOf(only.url))).rejects.toMatchObject({
    status: 503,
    headers: { 'Retry-After': '7' },
  });
});

it('leaves all queues when its time is over or it is cancelled', async () => {
  const busy = { workMs: FOR_EVER_MS };
  const replicas = [await replica('a', busy), await replica('b', busy)];
  const client = clientOf(...replicas.map(({ url }) => url));
  replicas.forEach(hold);
  await eventually(() => expect(replicas.map(({ limiter }) => limiter.inFlight())).toEqual([1, 1]));
  const waiting = () => replicas.map(({ limiter }) => limiter.waiting());

  const late = place(client, 1_500);
  await eventually(() => expect(waiting()).toEqual([1, 1]));
  await expect(late).rejects.toBeInstanceOf(Unavailable);
  await eventually(() => expect(waiting()).toEqual([0, 0]));

  const caller = new AbortController();
  const told = place(client, 10_000, caller.signal);
  await eventually(() => expect(waiting()).toEqual([1, 1]));
  caller.abort(new Error('enough'));
  await expect(told).rejects.toThrow();
  await eventually(() => expect(waiting()).toEqual([0, 0]));
});

it('sends the body at once when the service does not support Expect', async () => {
  const server = createServer((req, res) => req.resume().on('end', () => res.end('ok')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  expect((await place(clientOf(`http://127.0.0.1:${port}`))).status).toBe(200);
});
