import { randomUUID } from 'node:crypto';
import http from 'node:http';
import {
  acceptedJobSchema,
  jobSchema,
  queuedTaskSchema,
  taskSchema,
  uploadResponseSchema,
} from '@millrace/contracts';
import { type Reply, send, sendJson, upload } from './client.js';
import { askPostgres } from '../chaos/administrator.js';
import { endpointUrl, isLocal, localStack } from './endpoint.js';
import { jpeg } from './images.js';
import { until } from '../support/until.js';

/** Sends a request that should be answered with a certain status. `path` is the operation's own, with its parameters. */
export type Provoke = (path: string) => Promise<Reply>;

const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const LATER = `?run_at=${new Date(Date.now() + 86_400_000).toISOString()}`;

/** The ids of things to request, once they have been created. */
export const ids = { task: '', completedJob: '', refusedJob: '', image: '' };

/** Creates the things that the provocations need. */
export async function makeThings(): Promise<void> {
  const [task, completedJob, refused, image] = await Promise.all([
    newTask(),
    send('/api/add/contract', { method: 'POST' }).then((reply) => reply.as(queuedTaskSchema).id),
    // It begins like an image, so it is accepted, but it is not one.
    upload({ file: Buffer.from('ffd8ff00', 'hex'), effects: 'bw' }, { query: 'async=true' }),
    jpeg().then((file) => upload({ file, effects: 'bw' })),
  ]);
  const refusedJob = refused.as(acceptedJobSchema).id;
  Object.assign(ids, { task, completedJob, refusedJob, image: image.as(uploadResponseSchema).id });
  await until('the two jobs have ended', async () => {
    const jobs = await Promise.all([completedJob, refusedJob].map((id) => send(`/api/jobs/${id}`)));
    const states = jobs.map((reply) => reply.as(jobSchema).status);
    return states.join() === 'completed,failed';
  });
}

const withId = (path: string, id: string) => path.replace(/\{\w+\}/, id);
const get =
  (headers: http.OutgoingHttpHeaders = {}): Provoke =>
  (path) =>
    send(path, { headers });
const badQuery: Provoke = (path) => send(`${path}?unknown=1`);
const of =
  (id: () => string, method = 'GET', headers: http.OutgoingHttpHeaders = {}): Provoke =>
  (path) =>
    send(withId(path, id()), { method, headers });
const unknown = (method?: string) => of(() => UNKNOWN, method);
const malformed = (method?: string) => of(() => 'x', method);
const json =
  (value: unknown, method = 'POST'): Provoke =>
  (path) =>
    sendJson(method, withId(path, ids.task), value);

/** The responses to invalid bodies of any kind. */
const badBodies = (method = 'POST'): Record<string, Provoke> => ({
  400: (path) =>
    send(withId(path, ids.task), { method, headers: { 'Content-Type': 'application/json' }, body: '{' }),
  413: json({ title: 'x'.repeat(620_000) }, method),
  415: (path) =>
    send(withId(path, ids.task), { method, headers: { 'Content-Type': 'text/plain' }, body: 'x' }),
  422: json({ nonsense: true }, method),
});

const reusedKey =
  (method: string): Provoke =>
  async (path) => {
    const headers = { 'Idempotency-Key': randomUUID() };
    await send(withId(path, 'first'), { method, headers });
    return send(withId(path, 'second'), { method, headers });
  };

export const newTask = async () =>
  (await sendJson('POST', '/tasks', { title: 'contract' })).as(taskSchema).id;
export const waitingJob = async () =>
  (await send(`/api/add/contract${LATER}`, { method: 'POST' })).as(queuedTaskSchema).id;

/** A job that a worker could not do, which no request from outside can produce. Only on a local stack. */
export async function failedJob(): Promise<string> {
  const id = await waitingJob();
  await askPostgres(
    localStack(),
    `UPDATE jobs SET status = 'failed', error = 'No worker.', due_at = NULL, finished_at = now() WHERE id = $1`,
    [id],
  );
  return id;
}

const add = (method: string): Record<string, Provoke> => ({
  202: of(() => 'task1', method),
  400: (path) => send(`${withId(path, 'task1')}?priority=urgent`, { method }),
  422: reusedKey(method),
});
const kept: Record<string, Provoke> = {
  200: get(),
  304: async (path) => send(path, { headers: { 'If-None-Match': (await send(path)).headers.etag } }),
};

const lab =
  (query: string, body: () => Buffer | Promise<Buffer> = jpeg): Provoke =>
  async (path) =>
    send(`${path}?${query}`, {
      method: 'POST',
      headers: { 'Content-Type': 'image/jpeg' },
      body: await body(),
    });

/** For each operation, how to provoke each of its described responses. */
export const provocations: Record<string, Record<string, Provoke>> = {
  addTask: add('POST'),
  addTaskFromBrowser: add('GET'),
  addTaskFromBody: { 202: json({ task: 'by body' }), ...badBodies() },

  listJobs: { 200: (path) => send(`${path}?limit=1`), 400: badQuery },
  summarizeJobs: { 200: get() },
  getJob: { 200: of(() => ids.completedJob), 400: malformed(), 404: unknown() },
  watchJob: {
    200: async (path) => watchCancelled(withId(path, await waitingJob())),
    204: of(() => ids.completedJob, 'GET', { 'Last-Event-ID': 'completed.1.1' }),
    400: malformed(),
    404: unknown(),
  },
  retryJob: {
    ...(isLocal && {
      202: async (path: string) => send(withId(path, await failedJob()), { method: 'POST' }),
    }),
    400: malformed('POST'),
    404: unknown('POST'),
    409: of(() => ids.refusedJob, 'POST'),
  },
  deleteJob: {
    200: async (path) => send(withId(path, await waitingJob()), { method: 'DELETE' }),
    204: async (path) => {
      const job = withId(path, await waitingJob());
      await send(job, { method: 'DELETE' });
      return send(job, { method: 'DELETE' });
    },
    400: malformed('DELETE'),
    404: unknown('DELETE'),
    409: (path) => send(`${withId(path, ids.completedJob)}?status=queued`, { method: 'DELETE' }),
  },

  listTasks: { 200: (path) => send(`${path}?limit=1`), 400: badQuery },
  createTask: { 201: json({ title: 'contract', priority: 'low' }), ...badBodies() },
  getTask: { 200: of(() => ids.task), 400: malformed(), 404: unknown() },
  updateTask: {
    200: json({ completed: true }, 'PATCH'),
    ...badBodies('PATCH'),
    404: (path) => sendJson('PATCH', withId(path, UNKNOWN), { completed: true }),
  },
  replaceTask: {
    200: json({ title: 'contract' }, 'PUT'),
    ...badBodies('PUT'),
    404: (path) => sendJson('PUT', withId(path, UNKNOWN), { title: 'contract' }),
  },
  deleteTask: {
    204: async (path) => send(withId(path, await newTask()), { method: 'DELETE' }),
    400: malformed('DELETE'),
    404: unknown('DELETE'),
  },

  watchTasks: { 200: watchFirst },

  analyzeText: {
    200: json({ text: 'Hello' }),
    202: (path) => sendJson('POST', `${path}?async=true`, { text: 'Hello' }),
    ...badBodies(),
  },
  uploadImage: {
    201: async () => upload({ file: await jpeg(), effects: 'bw,blur' }),
    202: async () => upload({ file: await jpeg(), effects: 'bw' }, { query: 'async=true' }),
    400: (path) =>
      send(path, {
        method: 'POST',
        headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
        body: '--x',
      }),
    413: () => upload({ file: Buffer.alloc(21 * 1024 ** 2 - 4096), effects: 'bw' }),
    415: () => upload({ file: Buffer.from('no image'), effects: 'bw' }),
    422: () => upload({ effects: 'bw' }),
  },
  getImage: {
    200: of(() => ids.image),
    206: of(() => ids.image, 'GET', { Range: 'bytes=0-9' }),
    304: of(() => ids.image, 'GET', { 'If-None-Match': '*' }),
    400: malformed(),
    404: unknown(),
    416: of(() => ids.image, 'GET', { Range: 'bytes=999999999-' }),
  },

  runLab: {
    200: lab('effect=bw&requests=2'),
    400: lab('effect=bw&requests=0'),
    413: lab('effect=bw', () => Buffer.alloc(1024 ** 2 + 4096)),
    415: lab('effect=bw', () => Buffer.from('no image')),
  },

  registerUser: {
    201: (path) => sendJson('POST', path, { name: 'Ada', email: `${randomUUID()}@example.com` }),
    ...badBodies(),
    409: async (path) => {
      const user = { name: 'Ada', email: `${randomUUID()}@example.com` };
      await sendJson('POST', path, user);
      return sendJson('POST', path, user);
    },
  },
  listUsers: { 200: get(), 400: badQuery },
  getUserHealth: { 200: get() },
  getUserPage: { 200: get() },

  getHealth: { 200: get() },
  getHome: { 200: get() },
  getPage: {
    200: of(() => 'jobs'),
    304: async () => kept['304']!('/ui/jobs'),
    404: of(() => 'nowhere'),
  },
  getAsset: {
    200: async () => send(/\/ui\/assets\/[^"]+/.exec((await send('/')).text())![0]),
    404: of(() => 'nowhere.js'),
  },
  getReference: kept,
  getDescription: kept,
};

/** The beginning of a stream that does not end: its first event. */
function watchFirst(path: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = http.get(`${endpointUrl()}${path}`, { agent: false }, (response) => {
      const { statusCode: status = 0, headers } = response;
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (!text.includes('event: change')) return;
        request.destroy();
        resolve({ status, headers, body: Buffer.from(text), text: () => text } as Reply);
      });
    });
    request.on('error', reject);
  });
}

/** Watches a job's events, cancels it once they arrive, and returns the whole stream. */
function watchCancelled(path: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let cancelled: Promise<unknown> | undefined;
    const request = http.get(`${endpointUrl()}${path}`, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        cancelled ??= send(path.replace('/events', ''), { method: 'DELETE' });
      });
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: Buffer.from(text), text: () => text } as Reply);
      });
    });
    request.on('error', reject);
  });
}
