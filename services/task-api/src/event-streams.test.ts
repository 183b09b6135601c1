import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import request from 'supertest';
import { eventually } from '../../../tests/support/eventually.js';
import { type Listener, listenOnFreePort } from '../../../tests/support/listen.js';
import { startTaskApi, type TestTaskApi } from '../../../tests/support/task-api.js';

const LIMIT = 200;
const LIMIT_PER_CLIENT = 120;

let taskApi: TestTaskApi;
let listener: Listener;
let sockets: Socket[];
beforeAll(async () => {
  taskApi = await startTaskApi({ eventStreamLimit: LIMIT, eventStreamLimitPerClient: LIMIT_PER_CLIENT });
  listener = await listenOnFreePort(taskApi.app);
});
afterAll(async () => {
  await listener.close();
  await taskApi.stop();
});
beforeEach(async () => {
  sockets = [];
  await taskApi.empty();
});
afterEach(() => sockets.forEach((socket) => socket.destroy()));

const add = async (): Promise<string> =>
  (await request(listener.url).post('/api/add/task').expect(202)).body.id;

/** Opens a stream on its own connection, and reads only the beginning. */
async function open(client: string, path: string): Promise<{ status: number; socket: Socket }> {
  const socket = connect(listener.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nX-Real-IP: ${client}\r\n\r\n`);
  const [head] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  return { status: Number(head.toString('latin1').slice(9, 12)), socket };
}

/** Alternates between the two kinds. */
async function openMany(client: string, count: number, jobId: string) {
  const paths = [`/api/jobs/${jobId}/events`, '/api/tasks/events'];
  const all = await Promise.all(Array.from({ length: count }, (_, i) => open(client, paths[i % 2]!)));
  const held = all.filter(({ status }) => status === 200).map(({ socket }) => socket);
  return { held, statuses: new Set(all.map(({ status }) => status)) };
}

describe('the streams of a replica', () => {
  it('are limited in total and per client, however clients disconnect', async () => {
    const jobId = await add();
    const greedy = await openMany('192.0.2.1', 300, jobId);
    expect(greedy.held).toHaveLength(LIMIT_PER_CLIENT);
    expect(greedy.statuses).toEqual(new Set([200, 429]));

    const others = await openMany('192.0.2.2', 100, jobId);
    expect(others.held).toHaveLength(LIMIT - LIMIT_PER_CLIENT);
    expect(others.statuses).toEqual(new Set([200, 503]));

    // The client neither reads nor closes one half; the other half it closes, resets, or ends from its side only.
    const leave = [
      (socket: Socket) => socket.destroy(),
      (socket: Socket) => socket.resetAndDestroy(),
      (socket: Socket) => socket.end(),
    ];
    greedy.held.slice(0, LIMIT_PER_CLIENT / 2).forEach((socket, i) => leave[i % 3]!(socket));
    await eventually(async () => {
      const { held } = await openMany('192.0.2.3', 1, jobId);
      expect(held).toHaveLength(1);
    });
    const again = await openMany('192.0.2.1', 100, jobId);
    expect(again.held.length).toBeLessThanOrEqual(LIMIT_PER_CLIENT / 2);

    // All others are served in the meantime.
    await request(listener.url).get('/api/tasks').expect(200);
    const [honest] = others.held;
    let text = '';
    honest!.on('data', (part: Buffer) => (text += part.toString()));
    honest!.resume();
    await request(listener.url).delete(`/api/jobs/${jobId}`).expect(200);
    await eventually(() => expect(text).toContain('"status":"cancelled"'));
  }, 40_000);

  it('all end when their job is deleted', async () => {
    const jobId = await add();
    const streams = await Promise.all(
      Array.from({ length: 100 }, () => open('192.0.2.1', `/api/jobs/${jobId}/events`)),
    );
    const texts = streams.map(({ socket }) => {
      const parts: string[] = [];
      socket.on('data', (part: Buffer) => parts.push(part.toString()));
      socket.resume();
      return parts;
    });
    await request(listener.url).delete(`/api/tasks/${jobId}`).expect(204);
    await eventually(() => {
      for (const parts of texts) expect(parts.join('')).toMatch(/event: deleted\n.*0\r\n\r\n$/s);
    });
    expect((await open('192.0.2.1', '/api/tasks/events')).status).toBe(200);
  });
});
