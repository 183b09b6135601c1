// No program logs what people send, whatever the outcome of the request. Each input has its own mark, and no line contains any of them.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startStack, type Stack } from '../../local/stack/stack.js';
import { type Reply, send, sendJson } from '../api/client.js';
import { jpeg } from '../api/images.js';
import { until } from '../support/until.js';

const dataDir = mkdtempSync(join(tmpdir(), 'millrace-logs-'));
const lines: { source: string; line: string }[] = [];
const marks: string[] = [];
const answers: { id: string; status: number }[] = [];
let stack: Stack;

/** A word that percent-encoding, escaping and lower case leave unchanged, so that it is always found. */
function mark(what: string): string {
  const text = `zq${what}${marks.length}xk`;
  marks.push(text);
  return text;
}

/** In every request: headers sent by clients. */
const headers = () => ({
  'X-Request-Id': `r${answers.length}-${process.pid}`,
  'User-Agent': mark('agent'),
  Referer: `http://localhost/${mark('referer')}`,
  Cookie: `session=${mark('cookie')}`,
  'Accept-Language': mark('language'),
  'X-Forwarded-For': mark('forwarded'),
  'Idempotency-Key': mark('key'),
  Authorization: `Bearer ${mark('token')}`,
  [`X-${mark('header')}`]: mark('value'),
});

async function tell(reply: Promise<Reply>): Promise<number> {
  const { status, headers } = await reply;
  answers.push({ id: headers['x-request-id'] as string, status });
  return status;
}
const get = (path: string, method = 'GET') =>
  tell(send(path, { url: stack.url, method, headers: headers() }));
const post = (path: string, value: unknown, method = 'POST') =>
  tell(sendJson(method, path, value, { url: stack.url, headers: headers() }));
const raw = (path: string, type: string, body: string | Buffer) =>
  tell(send(path, { url: stack.url, method: 'POST', headers: { ...headers(), 'Content-Type': type }, body }));

/** An upload as a browser sends it, with marks in everything that a user chooses. */
function form(file: Buffer, effects: string, query = ''): Promise<number> {
  const boundary = `----${mark('boundary')}`;
  const part = (disposition: string) => `--${boundary}\r\nContent-Disposition: form-data; ${disposition}`;
  const body = Buffer.concat([
    Buffer.from(`${part('name="effects"')}\r\n\r\n${effects}\r\n`),
    Buffer.from(`${part(`name="file"; filename="${mark('file')}.jpg"`)}\r\nContent-Type: image/jpeg\r\n\r\n`),
    file,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return raw(`/upload${query}`, `multipart/form-data; boundary=${boundary}`, body);
}

const title = () => ({ title: mark('title'), description: mark('description') });
const person = () => ({ name: mark('name'), email: `${mark('email')}@example.com` });

async function asAdministrator(sql: string): Promise<void> {
  const { host, port, user, password, database } = stack.postgres;
  const client = new Client({ host, port, user, password, database });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  stack = await startStack({
    port: 'free',
    dataDir,
    // Nothing reads the spans here, but they give every request a trace id.
    env: { all: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' } },
    onLine: (source, line) => lines.push({ source, line }),
  });
}, 120_000);

afterAll(async () => {
  await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Everything that the programs have logged so far. */
function logged(): string[] {
  const nginx = readFileSync(join(dataDir, 'nginx/logs/access.log'), 'utf8').split('\n');
  return [...lines.map(({ line }) => line), ...nginx];
}

/** Waits until Nginx and the services have logged all answers. */
const allLogged = () =>
  until('every answer is in the log', () => {
    const text = logged().join('\n');
    return answers.every(({ id }) => text.includes(`"request_id":"${id}"`));
  });

test('requests that are answered', async () => {
  const image = await jpeg({ width: 32, height: 24 });
  const replies = [
    await post('/api/tasks', { ...title(), priority: 'high' }),
    await post('/tasks', title()),
    await post('/api/add', { task: mark('task') }),
    await tell(
      send(`/api/add/${mark('task')}`, { url: stack.url, method: 'POST', headers: headers(), body: '' }),
    ),
    await get(`/add/${mark('task')}`),
    await get(`/api/tasks?q=${mark('search')}`),
    await get(`/tasks?q=${mark('search')}&limit=5`),
    await post('/user/register', person()),
    await get('/user/users'),
    await post('/analyze', { text: `${mark('text')} and more` }),
    await post('/analyze?async=true', { text: mark('text') }),
    await form(image, 'bw,blur'),
    await form(image, 'bw', '?async=true'),
    await get(`/?${mark('query')}`),
  ];
  expect(replies.filter((status) => status >= 300)).toEqual([]);
  // Before a later test keeps workers from reporting.
  await until(
    'the jobs are done',
    () => lines.filter(({ line }) => line.includes('"msg":"Completed task"')).length >= 5,
  );
});

test('requests that are refused', async () => {
  const email = `${mark('email')}@example.com`;
  await post('/user/register', { name: mark('name'), email });
  const replies = [
    await post('/user/register', { name: mark('name'), email }),
    await post('/user/register', { name: mark('name'), email: mark('email') }),
    await get(`/user/users?${mark('parameter')}=${mark('query')}`),
    await get(`/add/${mark('task')}?x=${mark('query')}`),
    await form(await jpeg(), 'bw', `?effects=${mark('query')}`),
    await post('/api/tasks', { title: '', description: mark('description'), [mark('unknown')]: 1 }),
    await post('/api/tasks', { title: 'a', priority: mark('priority') }),
    await post('/analyze', { text: { text: mark('text') } }),
    await raw('/api/tasks', 'application/json', `{"title": "${mark('malformed')}`),
    await raw('/analyze', mark('type'), mark('text')),
    await raw('/upload', `multipart/form-data; boundary=${mark('boundary')}`, mark('text')),
    await raw('/upload', 'multipart/form-data; boundary=a', `--a\r\n${mark('malformed')}`),
    await form(Buffer.from(mark('image')), 'bw'),
    await form(await jpeg(), mark('effect')),
    // A picture that looks like one, until it is decoded.
    await form(Buffer.concat([(await jpeg()).subarray(0, 300), Buffer.from(mark('image'))]), 'bw,blur'),
    await get(`/api/tasks?cursor=${mark('cursor')}`),
    await get(`/api/tasks?status=${mark('status')}`),
    await get(`/api/tasks/${mark('id')}`),
    await get(`/api/jobs/${mark('id')}`),
    await get(`/image/${mark('id')}`),
    await get(`/upload/${mark('id')}/trace`),
    await get(`/${mark('path')}`),
    await get(`/api/${mark('path')}/%ff`),
    await get(`/internal/${mark('path')}`),
    await get(`/api/tasks/${mark('id')}`, 'PROPFIND'),
    await post(`/api/tasks/${mark('id')}`, title(), 'PATCH'),
    await post('/lab/runs', { [mark('unknown')]: mark('value') }),
    await tell(send('/', { url: stack.url, headers: { Host: `${mark('host')}.example.com` } })),
  ];
  expect(replies.filter((status) => status < 400 || status >= 500)).toEqual([]);

  await allLogged();
  const ids = answers.filter(({ status }) => status >= 400 && status < 500).map(({ id }) => id);
  const about = logged().filter((line) => ids.some((id) => line.includes(`"request_id":"${id}"`)));
  expect(about.filter((line) => line.includes('"stack"'))).toEqual([]);
  expect(about.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

test('requests that fail because the database refuses their rows', async () => {
  // PostgreSQL's error contains the text of a row in its DETAIL, and an invalid value in its message.
  await asAdministrator(`
    ALTER TABLE tasks.tasks ADD CONSTRAINT broken CHECK (false) NOT VALID;
    ALTER TABLE users.users ADD CONSTRAINT broken CHECK (name::int > 0) NOT VALID`);
  const replies = [
    await post('/api/tasks', title()),
    await post('/api/add', { task: mark('task') }),
    await get(`/add/${mark('task')}`),
    await post('/user/register', person()),
  ];
  expect(replies).toEqual([500, 500, 500, 500]);
  await allLogged();
  const failed = () => logged().filter((line) => line.includes('"msg":"request failed"'));
  // Nginx may be the first to write of a request.
  await until('the services have told why', () => failed().length >= 4);
  expect(failed()).toHaveLength(4);
});

test('requests that fail because a server or a service is down', async () => {
  for (const [name, request] of [
    ['text-worker-1', () => post('/analyze', { text: mark('text') })],
    ['redis', async () => form(await jpeg({ width: 32, height: 24 }), 'bw')],
    ['user-api-1', () => post('/user/register', person())],
  ] as const) {
    const faulty = stack.process(name);
    const { pid } = faulty;
    process.kill(pid!, 'SIGSTOP');
    try {
      expect([503, 504]).toContain(await request());
    } finally {
      process.kill(pid!, 'SIGCONT');
    }
  }
}, 120_000);

test('leave nothing of theirs in any log', async () => {
  await allLogged();
  const leaks = logged().filter((line) => marks.some((text) => line.toLowerCase().includes(text)));
  expect(leaks).toEqual([]);
});

test.each([
  ['nginx', /"path":"\/add\/:task"/],
  ['task-api-1', /"route":"\/add\/:task"/],
  ['user-api-1', /"msg":"request failed"/],
  ['queue-worker-1', /"msg":"Completed task"/],
  ['bw-worker-1', /"msg":"image refused"/],
  ['postgres', /FATAL|LOG/],
])('were looked for in the log of %s', async (source, known) => {
  const own = () =>
    source === 'nginx' ? logged() : lines.filter((each) => each.source === source).map((each) => each.line);
  await until('there is such a line', () => own().some((line) => known.test(line)));
});

test('services and Nginx write one JSON object per line', () => {
  const own = lines.filter(({ source }) => /-\d$/.test(source)).map(({ line }) => line);
  const access = readFileSync(join(dataDir, 'nginx/logs/access.log'), 'utf8').trimEnd().split('\n');
  for (const line of [...own, ...access]) {
    expect(JSON.parse(line)).toMatchObject({
      time: expect.any(String) as string,
      level: expect.any(String) as string,
      service: expect.any(String) as string,
      msg: expect.any(String) as string,
    });
  }
});
