import { randomUUID } from 'node:crypto';
import {
  analyzeResponseSchema,
  jobListItemSchema,
  jobSchema,
  queuedTaskSchema,
  serviceHealthSchema,
  systemHealthSchema,
  taskSchema,
  uploadResponseSchema,
  userSchema,
} from '@millrace/contracts';
import { expectProblem, type Reply, send, sendJson, upload } from './client.js';
import { jpeg, paint } from './images.js';

/** Each call of the API with its methods, for the behaviour that all calls share. */
const routes: [path: string, allow: string][] = [
  ['/', 'GET, HEAD, OPTIONS'],
  ['/ui/jobs', 'GET, HEAD, OPTIONS'],
  ['/ui/assets/none.js', 'GET, HEAD, OPTIONS'],
  ['/health', 'GET, HEAD, OPTIONS'],
  ['/api/add', 'POST, OPTIONS'],
  ['/api/add/task1', 'POST, OPTIONS'],
  ['/add/task1', 'GET, HEAD, OPTIONS'],
  ['/api/tasks', 'GET, POST, HEAD, OPTIONS'],
  ['/tasks', 'GET, POST, HEAD, OPTIONS'],
  [`/api/tasks/${randomUUID()}`, 'GET, PATCH, PUT, DELETE, HEAD, OPTIONS'],
  [`/tasks/${randomUUID()}`, 'GET, PATCH, PUT, DELETE, HEAD, OPTIONS'],
  ['/api/jobs', 'GET, HEAD, OPTIONS'],
  ['/api/jobs/summary', 'GET, HEAD, OPTIONS'],
  [`/api/jobs/${randomUUID()}`, 'GET, DELETE, HEAD, OPTIONS'],
  [`/api/jobs/${randomUUID()}/retry`, 'POST, OPTIONS'],
  [`/api/jobs/${randomUUID()}/events`, 'GET, HEAD, OPTIONS'],
  ['/user', 'GET, HEAD, OPTIONS'],
  ['/user/', 'GET, HEAD, OPTIONS'],
  ['/user/register', 'POST, OPTIONS'],
  ['/user/users', 'GET, HEAD, OPTIONS'],
  ['/user/health', 'GET, HEAD, OPTIONS'],
  ['/analyze', 'POST, OPTIONS'],
  ['/upload', 'POST, OPTIONS'],
  ['/lab/runs', 'POST, OPTIONS'],
  [`/image/${randomUUID()}`, 'GET, HEAD, OPTIONS'],
];

const JSON_TYPE = 'application/json; charset=utf-8';

/** What every response of every service has in common. */
function expectCommonHeaders(reply: Reply, requestId: string): void {
  expect(reply.headers).toMatchObject({
    'x-request-id': requestId,
    'x-served-by': expect.stringMatching(/^[\w.-]+$/),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
  });
  for (const name of ['x-request-id', 'x-served-by', 'content-type', 'content-security-policy'])
    expect([name, reply.count(name)]).toEqual([name, reply.headers[name] === undefined ? 0 : 1]);
  expect(reply.headers).not.toHaveProperty('x-powered-by');
  expect(reply.headers['server'] ?? '').not.toMatch(/\d/);
}

describe('every call', () => {
  describe.each(routes)('%s', (path, allow) => {
    test('every response names the request and the replica, and sets the security policy', async () => {
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
        const requestId = `table-${randomUUID()}`;
        const reply = await send(path, { method, headers: { 'X-Request-Id': requestId } });
        expectCommonHeaders(reply, requestId);
      }
    });

    test('says which methods it supports', async () => {
      const options = await send(path, { method: 'OPTIONS' });
      expect(options).toMatchObject({ status: 204, headers: { allow } });

      const offered = allow.split(', ');
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(
        (name) => !offered.includes(name),
      )) {
        const reply = await sendJson(method, path, {});
        expectProblem(reply, 405);
        expect(reply.headers.allow).toBe(allow);
      }
    });
  });

  test('replaces a request id that is not safe to print', async () => {
    for (const id of ['a b', 'x'.repeat(129), '<script>', '{"a":1}']) {
      const reply = await send('/tasks', { headers: { 'X-Request-Id': id } });
      expect(reply.count('x-request-id')).toBe(1);
      expect(reply.headers['x-request-id']).toMatch(/^[\w-]{32,36}$/);
    }
  });
});

describe('tasks for the queue', () => {
  test.each([
    ['POST', '/api/add/task1', 'task1'],
    ['GET', '/add/task1', 'task1'],
    ['POST', '/api/add/a%2Fb%20%26%20c', 'a/b & c'],
    ['POST', '/api/add/%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7', '👩‍👧'],
  ])('%s %s is accepted and says where to follow it', async (method, path, task) => {
    const reply = await send(path, { method });
    expect(reply.status).toBe(202);
    const queued = reply.as(queuedTaskSchema);
    expect(queued).toMatchObject({ task, processed_by_pod: reply.headers['x-served-by'] });
    expect(reply.headers).toMatchObject({ location: queued.status_url, 'content-type': JSON_TYPE });
    expect((await send(queued.status_url)).as(jobSchema)).toMatchObject({ id: queued.id, kind: 'task' });
  });

  test('POST /api/add takes the task and its priority from the body', async () => {
    const reply = await sendJson('POST', '/api/add', { task: 'by body', priority: 'high' });
    expect(reply.status).toBe(202);
    const { id, task, status_url } = reply.as(queuedTaskSchema);
    expect(task).toBe('by body');
    expect((await send(status_url)).as(jobSchema).priority).toBe('high');
    expect((await send(`/api/tasks/${id}`)).as(taskSchema)).toMatchObject({
      title: 'by body',
      priority: 'high',
    });
  });
});

describe.each(['/api/tasks', '/tasks'])('%s', (path) => {
  const create = async (task: object) => {
    const reply = await sendJson('POST', path, task);
    expect(reply.status).toBe(201);
    return reply.as(taskSchema);
  };

  test('creates a task with its defaults and returns its URL', async () => {
    const reply = await sendJson('POST', path, { title: 'Buy milk' });
    expect(reply.status).toBe(201);
    const task = reply.as(taskSchema);
    expect(task).toMatchObject({
      title: 'Buy milk',
      description: '',
      priority: 'medium',
      status: 'open',
      completed: false,
      completed_at: null,
      processed_by_pod: null,
    });
    expect(reply.headers).toMatchObject({ location: `/api/tasks/${task.id}`, 'content-type': JSON_TYPE });
    expect((await send(`/api/tasks/${task.id}`)).as(taskSchema)).toEqual(task);
  });

  test('reads, changes, replaces and deletes a task', async () => {
    const { id } = await create({ title: 'Draft', description: 'first', priority: 'low' });
    const one = `${path}/${id}`;

    const read = await send(one);
    expect(read).toMatchObject({ status: 200, headers: { 'content-type': JSON_TYPE } });
    expect(read.as(taskSchema)).toMatchObject({ id, title: 'Draft', priority: 'low' });

    const completed = await sendJson('PATCH', one, { completed: true });
    expect(completed.status).toBe(200);
    expect(completed.as(taskSchema)).toMatchObject({ title: 'Draft', status: 'completed', completed: true });
    expect(completed.as(taskSchema).completed_at).not.toBeNull();

    const replaced = await sendJson('PUT', one, { title: 'Final' });
    expect(replaced.status).toBe(200);
    expect(replaced.as(taskSchema)).toMatchObject({
      id,
      title: 'Final',
      description: '',
      priority: 'medium',
      completed: false,
      completed_at: null,
    });

    const removed = await send(one, { method: 'DELETE' });
    expect(removed).toMatchObject({ status: 204, body: Buffer.alloc(0) });
    for (const method of ['GET', 'DELETE']) expectProblem(await send(one, { method }), 404);
    expectProblem(await sendJson('PATCH', one, { completed: true }), 404);
    expectProblem(await sendJson('PUT', one, { title: 'Ghost' }), 404);
  });

  test('lists tasks newest first, page by page, each exactly once', async () => {
    const mark = randomUUID();
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.push((await create({ title: `${mark} ${i}` })).id);

    const seen: string[] = [];
    const pages: number[] = [];
    for (let next: string | undefined = `${path}?q=${mark}&limit=2`; next;) {
      const page = await send(next);
      expect(page.status).toBe(200);
      const tasks = page.as(taskSchema.array());
      seen.push(...tasks.map(({ id }) => id));
      pages.push(tasks.length);
      const link: string | undefined = page.headers.link?.toString();
      next = link === undefined ? undefined : /^<([^>]+)>; rel="next"$/.exec(link)?.[1];
      expect(next === undefined).toBe(link === undefined);
    }
    expect(seen).toEqual(ids.reverse());
    expect(pages).toEqual([2, 2, 1]);
  });

  test('filters by status and priority, and searches words literally', async () => {
    const mark = randomUUID();
    const high = await create({ title: `100% ${mark}`, priority: 'high' });
    const low = await create({ title: `1000 ${mark}`, description: 'a_b', priority: 'low' });
    await sendJson('PATCH', `${path}/${low.id}`, { completed: true });

    const find = async (query: string) =>
      (await send(`${path}?${query}`)).as(taskSchema.array()).map(({ id }) => id);
    expect(await find(`q=${mark}`)).toEqual([low.id, high.id]);
    expect(await find(`q=${mark}&priority=high`)).toEqual([high.id]);
    expect(await find(`q=${mark}&status=completed`)).toEqual([low.id]);
    expect(await find(`q=${encodeURIComponent(`100% ${mark}`)}`)).toEqual([high.id]);
    expect(await find(`q=${encodeURIComponent(`%${mark}`)}`)).toEqual([]);
  });
});

describe('/api/jobs', () => {
  test('lists jobs newest first, by status and kind, page by page', async () => {
    const older = (await send('/api/add/older', { method: 'POST' })).as(queuedTaskSchema);
    const newer = (await send('/api/add/newer', { method: 'POST' })).as(queuedTaskSchema);

    const first = await send('/api/jobs?kind=task&limit=1');
    expect(first.status).toBe(200);
    expect(first.as(jobListItemSchema.array()).map(({ id }) => id)).toEqual([newer.id]);
    const [, next = ''] = /^<([^>]+)>; rel="next"$/.exec(first.headers.link?.toString() ?? '') ?? [];
    expect((await send(next)).as(jobListItemSchema.array()).map(({ id }) => id)).toEqual([older.id]);
  });

  test('answers 404 to an unknown id', async () => {
    expectProblem(await send(`/api/jobs/${randomUUID()}`), 404);
  });
});

describe('/user', () => {
  test('registers a user, who is then the first in the list', async () => {
    const email = `${randomUUID()}@example.com`;
    const reply = await sendJson('POST', '/user/register', { name: 'Grace', email });
    expect(reply).toMatchObject({ status: 201, headers: { 'content-type': JSON_TYPE } });
    const user = reply.as(userSchema);
    expect(user).toMatchObject({ name: 'Grace', email });

    const list = await send('/user/users?limit=1');
    expect(list).toMatchObject({ status: 200, headers: { 'content-type': JSON_TYPE } });
    expect(list.as(userSchema.array())).toEqual([user]);
  });

  test('/user/health is the health of the user service', async () => {
    const reply = await send('/user/health');
    expect(reply).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    expect(reply.as(serviceHealthSchema)).toMatchObject({
      status: 'healthy',
      service: 'user-api',
      pod: reply.headers['x-served-by'],
      checks: { postgres: { status: 'healthy' } },
    });
  });
});

describe('pages for people', () => {
  test.each([
    ['/', 'localhost', 'Millrace'],
    ['/ui/lab', 'localhost', 'Millrace'],
    ['/', 'task-user.local', 'Task service'],
    ['/user', 'task-user.local', 'User service'],
    ['/user/', 'localhost', 'User service'],
  ])('%s on the host %s', async (path, host, title) => {
    const reply = await send(path, { headers: { host } });
    expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(reply.text()).toContain(`<title>${title}</title>`);
    // Nothing from other hosts, and no script in the page itself.
    expect(reply.text()).not.toMatch(/<script(?! [^>]*src="\/ui\/assets\/)|https?:\/\/(?!localhost)/);
  });
});

describe('/analyze', () => {
  test.each([
    ['Hello, how are you?', 'Word Count: 4 | Reverse: ?uoy era woh ,olleH'],
    ['', 'Word Count: 0 | Reverse: '],
    ['  two\u3000words\n', 'Word Count: 2 | Reverse: \nsdrow\u3000owt  '],
    ['👨‍👩‍👧 é🇩🇪', 'Word Count: 2 | Reverse: 🇩🇪é 👨‍👩‍👧'],
  ])('%j', async (text, processed_text) => {
    const reply = await sendJson('POST', '/analyze', { text });
    expect(reply).toMatchObject({ status: 200, headers: { 'content-type': JSON_TYPE } });
    expect(reply.as(analyzeResponseSchema)).toEqual({ processed_text });
  });
});

describe('/upload and /image', () => {
  test.each([
    ['jpeg', 'bw,blur', ['bw', 'blur']],
    ['jpeg', 'blur,bw', ['blur', 'bw']],
    ['png', 'blur', ['blur']],
    ['webp', ' bw , blur ', ['bw', 'blur']],
  ] as const)('a %s goes through "%s" and keeps its type', async (format, effects, applied) => {
    const reply = await upload({ file: await paint().toFormat(format).toBuffer(), effects });
    expect(reply).toMatchObject({ status: 201, headers: { 'content-type': JSON_TYPE } });
    const uploaded = reply.as(uploadResponseSchema);
    expect(reply.headers.location).toBe(uploaded.view_url);
    expect(uploaded).toMatchObject({ view_url: `/image/${uploaded.id}`, applied_effects: applied });
    expect(uploaded.hops.map(({ effect }) => effect)).toEqual(applied);
    expect(uploaded.processed_by_pod).toBe(uploaded.hops.at(-1)?.pod);

    const image = await send(uploaded.view_url);
    expect(image).toMatchObject({
      status: 200,
      headers: {
        'content-type': `image/${format}`,
        'content-length': String(image.body.length),
        'accept-ranges': 'bytes',
        'cache-control': expect.stringMatching(/^public, max-age=\d+, immutable$/),
        etag: expect.stringMatching(/^"[\w-]+"$/),
      },
    });
  });

  describe('a finished image', () => {
    let path: string;
    let whole: Reply;

    beforeAll(async () => {
      const reply = await upload({ file: await jpeg(), effects: 'bw' });
      path = reply.as(uploadResponseSchema).view_url;
      whole = await send(path);
    });

    test('is not sent again to a client that has it', async () => {
      const { etag } = whole.headers;
      const again = await send(path, { headers: { 'If-None-Match': etag } });
      expect(again).toMatchObject({ status: 304, headers: { etag }, body: Buffer.alloc(0) });
      const other = await send(path, { headers: { 'If-None-Match': '"other"' } });
      expect(other.status).toBe(200);
    });

    test.each([
      ['bytes=0-9', 0, 10],
      ['bytes=10-', 10, undefined],
      ['bytes=-7', -7, undefined],
    ])('is sent in part when %s is requested', async (range, start, end) => {
      const reply = await send(path, { headers: { Range: range } });
      expect(reply.status).toBe(206);
      expect(reply.body).toEqual(whole.body.subarray(start, end));
      const first = start < 0 ? whole.body.length + start : start;
      expect(reply.headers['content-range']).toBe(
        `bytes ${first}-${first + reply.body.length - 1}/${whole.body.length}`,
      );
    });

    test('is sent whole when the requested range belongs to another version', async () => {
      const reply = await send(path, { headers: { Range: 'bytes=0-9', 'If-Range': '"other"' } });
      expect(reply).toMatchObject({ status: 200, body: whole.body });
    });

    test('answers 416 to a range beyond its end', async () => {
      const reply = await send(path, { headers: { Range: 'bytes=99999999-' } });
      expectProblem(reply, 416);
      expect(reply.headers['content-range']).toBe(`bytes */${whole.body.length}`);
    });

    test('has the same headers for HEAD', async () => {
      const head = await send(path, { method: 'HEAD' });
      const { etag } = whole.headers;
      expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0), headers: { etag } });
      expect(head.headers['content-length']).toBe(String(whole.body.length));
    });
  });

  test('answers 404 to an unknown id', async () => {
    expectProblem(await send(`/image/${randomUUID()}`), 404);
  });
});

describe('/health', () => {
  test('reports every service and its dependencies', async () => {
    const reply = await send('/health');
    expect(reply).toMatchObject({
      status: 200,
      headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-store' },
    });
    const { status, services } = reply.as(systemHealthSchema);
    expect(status).toBe('healthy');
    expect(Object.keys(services).sort()).toEqual([
      'blur-worker',
      'bw-worker',
      'queue-worker',
      'task-api',
      'text-worker',
      'user-api',
      'web-gateway',
    ]);
    for (const [name, service] of Object.entries(services)) {
      expect(service).toMatchObject({ status: 'healthy' });
      for (const replica of service.replicas)
        expect(replica).toMatchObject({ service: name, status: 'healthy' });
    }
    expect(services['task-api']?.replicas[0]?.checks).toHaveProperty('postgres.status', 'healthy');
    expect(services['task-api']?.replicas[0]?.checks).toHaveProperty('redis.status', 'healthy');
  });

  test("is the task service's own on the host task-user.local", async () => {
    const reply = await send('/health', { headers: { host: 'task-user.local' } });
    expect(reply.status).toBe(200);
    expect(reply.as(serviceHealthSchema)).toMatchObject({ service: 'task-api', status: 'healthy' });
  });
});
