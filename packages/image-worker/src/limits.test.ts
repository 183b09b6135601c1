import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLifecycle, createLogger, type Lifecycle } from '@millrace/chassis/process';
import { createImageWorkerApp, imageWorkerConfig } from './index.js';
import { sharp } from './sharp-setup.js';

let lifecycle: Lifecycle;
let server: Server;
let url: string;
/** A JPEG of several megabytes: too long to be read together with its headers. */
let large: Buffer;

beforeAll(async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
  large = await sharp({ create: { width: 1_500, height: 1_000, channels: 3, background: 'black', noise } })
    .jpeg({ quality: 100 })
    .toBuffer();
});

async function listen(limits: Record<string, number>): Promise<void> {
  lifecycle = createLifecycle();
  lifecycle.ready();
  const app = createImageWorkerApp({
    service: 'image-worker',
    pod: 'image-worker-test',
    logger: createLogger('image-worker', { LOG_LEVEL: 'silent', POD_NAME: 'test' }),
    lifecycle,
    limits: imageWorkerConfig.parse(limits),
    operation: (image) => image,
  });
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/process`;
}

afterEach(async () => {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
});

const headers = { 'Content-Type': 'image/jpeg', Accept: 'image/jpeg' };

/** Sends an image; once the worker has its headers, resolves to the future response and the worker's side of it. */
async function post(body: Buffer, signal?: AbortSignal, client = '192.0.2.1') {
  const received = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
  const answer = fetch(url, {
    method: 'POST',
    headers: { ...headers, 'X-Real-IP': client },
    body: new Uint8Array(body),
    signal: signal ?? null,
  });
  answer.catch(() => {});
  const [req, res] = await received;
  return { answer, req, res };
}

/** Takes a place and keeps it: the last byte of the image is not sent. */
async function holdPlace() {
  const small = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  const received = once(server, 'request');
  const call = httpRequest(url, { method: 'POST', headers, agent: false });
  const response = once(call, 'response') as Promise<[IncomingMessage]>;
  response.catch(() => {});
  call.write(small.subarray(0, -1));
  await received;
  return {
    leave: () => call.destroy(),
    finish: async () => {
      call.end(small.subarray(-1));
      const [answer] = await response;
      answer.resume();
      return answer.statusCode;
    },
  };
}

/** Runs `call` several times over one kept-alive connection. @returns the worker's socket for each time */
async function onOneConnection(times: number, call: (agent: Agent) => Promise<void>): Promise<unknown[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets: unknown[] = [];
  server.on('request', (req) => sockets.push(req.socket));
  try {
    for (let time = 0; time < times; time++) await call(agent);
  } finally {
    agent.destroy();
  }
  return sockets;
}

describe('the bound on work', () => {
  it('keeps a second image waiting, in the socket, until the first is done', async () => {
    await listen({ WORK_CONCURRENCY: 1, WORK_QUEUE_LIMIT: 1 });
    const holder = await holdPlace();
    const second = await post(large);
    // If the second one had been accepted too, there would be room for a third.
    expect((await (await post(large)).answer).status).toBe(503);
    expect(second.req.socket.bytesRead).toBeLessThan(large.length / 4);

    expect(await holder.finish()).toBe(200);
    const response = await second.answer;
    expect(response.status).toBe(200);
    await response.arrayBuffer();
  });

  it('works on as many at once as allowed, and on half as many for one client', async () => {
    await listen({ WORK_CONCURRENCY: 2, WORK_QUEUE_LIMIT: 0 });
    const holder = await holdPlace();
    expect((await (await post(large, undefined, '127.0.0.1')).answer).status).toBe(503);
    const { answer } = await post(large);
    expect((await answer).status).toBe(200);
    expect(await holder.finish()).toBe(200);
  });

  it('answers 503 with Retry-After at once when the queue is full', async () => {
    await listen({ WORK_CONCURRENCY: 1, WORK_QUEUE_LIMIT: 0 });
    const holder = await holdPlace();
    const refused = await (await post(large)).answer;
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await holder.finish()).toBe(200);
  });

  it('frees the place of a client that disconnects while it waits', async () => {
    await listen({ WORK_CONCURRENCY: 1, WORK_QUEUE_LIMIT: 1 });
    const holder = await holdPlace();
    const client = new AbortController();
    const leaving = await post(large, client.signal);
    expect((await (await post(large)).answer).status).toBe(503);

    const left = once(leaving.res, 'close');
    client.abort();
    await left;
    const next = await post(large);
    expect(await holder.finish()).toBe(200);
    expect((await next.answer).status).toBe(200);
  });

  it('frees the place of a client that disconnects while it sends', async () => {
    await listen({ WORK_CONCURRENCY: 1, WORK_QUEUE_LIMIT: 1 });
    const holder = await holdPlace();
    const next = await post(large);
    holder.leave();
    expect((await next.answer).status).toBe(200);
  });

  it('finishes what it has begun when it drains, and sends waiting requests elsewhere', async () => {
    await listen({ WORK_CONCURRENCY: 1, WORK_QUEUE_LIMIT: 1 });
    const holder = await holdPlace();
    const waiting = await post(large);
    lifecycle.drain();
    const refused = await waiting.answer;
    expect(refused.status).toBe(503);
    expect(refused.headers.get('x-work-begun')).toBe('false');
    expect(await holder.finish()).toBe(200);
  });

  it('answers 413 to a body of unknown length, and keeps the connection usable', async () => {
    await listen({ WORK_MAX_BYTES: 1_000_000 });
    const connections = await onOneConnection(3, async (agent) => {
      const call = httpRequest(url, { method: 'POST', headers, agent });
      call.write(large);
      call.end();
      const [answer] = (await once(call, 'response')) as [IncomingMessage];
      expect(answer.statusCode).toBe(413);
      answer.resume();
      await once(answer, 'end');
    });
    expect(new Set(connections).size).toBe(1);
  });

  it('leaves no listeners behind on a kept-alive connection', async () => {
    await listen({});
    const counts: number[] = [];
    await onOneConnection(4, async (agent) => {
      const received = once(server, 'request') as Promise<[IncomingMessage]>;
      const call = httpRequest(url, { method: 'POST', headers, agent });
      call.end(large);
      const [{ socket }] = await received;
      const [answer] = (await once(call, 'response')) as [IncomingMessage];
      answer.resume();
      await once(answer, 'end');
      counts.push(socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0));
    });
    expect(counts.at(-1)).toBe(counts[1]);
  });
});
