import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  acceptedJobSchema,
  jobSchema,
  queuedTaskSchema,
  taskSchema,
  uploadResponseSchema,
} from '@millrace/contracts';
import { createOpenApiDocument } from '@millrace/contracts/openapi';
import { type Reply, send, sendJson, upload } from './client.js';
import { checkAnswer, type DescribedOperation, operationsOf } from './described-answers.js';
import { endpointUrl } from './endpoint.js';
import { jpeg } from './pictures.js';
import { until } from './until.js';

/** Sends a request that is to be answered by a certain status. `path` is the operation's own, with its parameters. */
type Provoke = (path: string) => Promise<Reply>;

const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const LATER = '?run_at=2099-01-01T00:00:00Z';

/** Things to ask for, made before the tests. */
let ids: { task: string; completedJob: string; failedJob: string; image: string };

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

/** What is answered to whatever body is wrong. */
const badBodies = (method = 'POST'): Record<string, Provoke> => ({
  400: (path) =>
    send(withId(path, ids.task), { method, headers: { 'Content-Type': 'application/json' }, body: '{' }),
  413: json({ title: 'x'.repeat(600_000) }, method),
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

const newTask = async () => (await sendJson('POST', '/tasks', { title: 'contract' })).as(taskSchema).id;
const waitingJob = async () =>
  (await send(`/api/add/contract${LATER}`, { method: 'POST' })).as(queuedTaskSchema).id;

const add = (method: string): Record<string, Provoke> => ({
  202: of(() => 'task1', method),
  400: (path) => send(`${withId(path, 'task1')}?priority=urgent`, { method }),
  422: reusedKey(method),
});
const kept: Record<string, Provoke> = {
  200: get(),
  304: async (path) => send(path, { headers: { 'If-None-Match': (await send(path)).headers.etag } }),
};

/** For each operation, how to provoke each answer that it is described to give. */
const provocations: Record<string, Record<string, Provoke>> = {
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
    202: of(() => ids.failedJob, 'POST'),
    400: malformed('POST'),
    404: unknown('POST'),
    409: of(() => ids.completedJob, 'POST'),
  },
  cancelJob: {
    200: async (path) => send(withId(path, await waitingJob()), { method: 'DELETE' }),
    400: malformed('DELETE'),
    404: unknown('DELETE'),
    409: of(() => ids.completedJob, 'DELETE'),
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
    415: () => upload({ file: Buffer.from('no picture'), effects: 'bw' }),
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
  getReference: kept,
  getDescription: kept,
};

const operations = operationsOf(createOpenApiDocument());
const ownName = ({ operationId }: DescribedOperation) => operationId.replace(/Alias$/, '');
const cases = operations.flatMap((operation) =>
  Object.entries(provocations[ownName(operation)] ?? {}).map(([status, provoke]) => ({
    ...operation,
    title: `${operation.method.toUpperCase()} ${operation.path}: ${status}`,
    status: Number(status),
    provoke,
  })),
);

describe('answers are as the published description says', () => {
  beforeAll(async () => {
    const [task, completedJob, failed, image] = await Promise.all([
      newTask(),
      send('/api/add/contract', { method: 'POST' }).then((reply) => reply.as(queuedTaskSchema).id),
      // It begins like a picture, so it is accepted; what follows is none.
      upload({ file: Buffer.from('ffd8ff00', 'hex'), effects: 'bw' }, { query: 'async=true' }),
      jpeg().then((file) => upload({ file, effects: 'bw' })),
    ]);
    const failedJob = failed.as(acceptedJobSchema).id;
    ids = { task, completedJob, failedJob, image: image.as(uploadResponseSchema).id };
    await until(
      'the two jobs have ended',
      async () => {
        const jobs = await Promise.all([completedJob, failedJob].map((id) => send(`/api/jobs/${id}`)));
        const states = jobs.map((reply) => reply.as(jobSchema).status);
        return states.join() === 'completed,failed';
      },
      30_000,
    );
  }, 40_000);

  test('what is published is what the sources describe', async () => {
    const reply = await send('/openapi.json');
    expect(reply.json()).toEqual(JSON.parse(JSON.stringify(createOpenApiDocument())));
  });

  test('every answer that is described is provoked here, but for 503: something would have to break', () => {
    const described = operations.flatMap((operation) =>
      Object.keys(operation.responses)
        .filter((status) => !['503', 'default'].includes(status))
        .map((status) => `${operation.operationId} ${status}`),
    );
    expect(cases.map(({ operationId, status }) => `${operationId} ${status}`).sort()).toEqual(
      described.sort(),
    );
  });

  test.each(cases)('$title', async ({ provoke, status, ...operation }) => {
    const reply = await provoke(operation.path);
    expect({ status: reply.status, body: reply.status === status ? '' : reply.text() }).toEqual({
      status,
      body: '',
    });
    checkAnswer(operation, reply);
  });

  test.each(['PUT /upload', 'DELETE /api/jobs', 'POST /docs', 'TRACE /tasks'])(
    'so is a method that is not offered: %s',
    async (line) => {
      const [method, path] = line.split(' ');
      const reply = await send(path!, { method });
      expect(reply.status).toBe(405);
      checkAnswer(
        operations.find((operation) => operation.path === path)!,
        reply,
      );
    },
  );

  test('the health of the task service on its own host is one of the two that are described', async () => {
    const reply = await send('/health', { headers: { host: 'task-user.local' } });
    checkAnswer(
      operations.find(({ path }) => path === '/health')!,
      reply,
    );
  });
});

describe('the sample commands work as they are shown', () => {
  let folder: string;
  const samples = operations.flatMap(({ operationId, responses, 'x-codeSamples': own = [] }) =>
    own.map(({ source }) => ({ operationId, responses, source })),
  );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-samples-'));
    await writeFile(join(folder, 'photo.jpg'), await jpeg());
    const { hostname, port } = new URL(endpointUrl());
    await writeFile(
      join(folder, '.curlrc'),
      `silent\nshow-error\nconnect-to = "::${hostname}:${port || 80}"\nwrite-out = "%{stderr}%{http_code}"\n`,
    );
  });
  afterAll(() => rm(folder, { recursive: true }));

  // The stream of a job is watched above, to its end.
  test.each(samples.filter(({ operationId }) => operationId !== 'watchJob'))(
    '$source',
    async ({ operationId, responses, source }) => {
      const command = source.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, await idFor(operationId));
      const env = { PATH: process.env.PATH, CURL_HOME: folder, HOME: folder };
      const { stderr } = await promisify(execFile)('/bin/sh', ['-c', command], { cwd: folder, env });
      const expected = Object.keys(responses).filter((status) => status < '300');
      // Alice may be registered already, by the documented examples or by a test before this one.
      if (operationId === 'registerUser') expected.push('409');
      expect(expected).toContain(stderr);
    },
  );

  /** A thing that the sample works with. */
  async function idFor(operationId: string): Promise<string> {
    if (operationId === 'cancelJob') return waitingJob();
    if (operationId === 'retryJob') {
      await until('the job has failed again', async () => {
        const job = (await send(`/api/jobs/${ids.failedJob}`)).as(jobSchema);
        return job.status === 'failed';
      });
      return ids.failedJob;
    }
    if (operationId === 'getJob') return ids.completedJob;
    return operationId === 'getImage' ? ids.image : newTask();
  }
});

test('the reference names every call, and its style is the only thing that its policy lets in', async () => {
  const reply = await send('/docs');
  const html = reply.text();
  for (const { operationId, 'x-alias-of': alias } of operations)
    if (alias === undefined) expect(html).toContain(`<article id="${operationId}"`);
  expect(html).not.toMatch(/<script|<link|<img|<iframe| style=| on\w+=|https?:\/\/(?!localhost:8080)/);
  expect(reply.headers['content-security-policy']).toMatch(
    /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  );
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
});

/** Watches a job's events, cancels it once they flow, and gives the whole stream. */
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
