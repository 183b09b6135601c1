import { randomUUID } from 'node:crypto';
import { type Problem, taskSchema } from '@millrace/contracts';
import { expectProblem, send, sendJson } from './client.js';

const ID = randomUUID();

/** Sends a body unchanged. */
const post = (path: string, body: string | Buffer, type = 'application/json') =>
  send(path, { method: 'POST', headers: { 'Content-Type': type }, body });

/** The fields that a problem complains about. */
const paths = (problem: Problem) => problem.errors?.map(({ path }) => path);

describe('a body that is not JSON', () => {
  const takers = ['/api/tasks', '/tasks', '/api/add', '/user/register', '/analyze'];

  test.each(takers)('is answered with 400: %s', async (path) => {
    for (const body of ['{"title": "x"', '{title: "x"}', "{'title': 'x'}", 'NaN', '{"a":1}}', '\u0000'])
      expectProblem(await post(path, body), 400);
    expectProblem(await post(path, Buffer.from('{"title": "\xff\xfe"}', 'latin1')), 400);
    expectProblem(await send(path, { method: 'POST' }), 400);
  });

  test.each(takers)('with another content type is answered with 415: %s', async (path) => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense']) {
      const reply = await post(path, '{"title":"x"}', type);
      expectProblem(reply, 415);
      expect(reply.headers['accept-post']).toBe('application/json');
    }
    expectProblem(await post(path, '{"title":"x"}', 'application/json; charset=klingon'), 415);
    const compressed = { 'Content-Type': 'application/json', 'Content-Encoding': 'rot13' };
    expectProblem(await send(path, { method: 'POST', headers: compressed, body: '{}' }), 415);
  });

  test.each(takers)('that is not compressed as its header says is answered with 400: %s', async (path) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
    const { detail } = expectProblem(await send(path, { method: 'POST', headers, body: '{}' }), 400);
    expect(detail).toContain('Content-Encoding: gzip');
  });

  test.each(takers)('with thousands of errors gets a short response: %s', async (path) => {
    const keys = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 1]));
    for (const body of [keys, { ['k'.repeat(200_000)]: 1 }]) {
      const reply = await sendJson('POST', path, body);
      expect(expectProblem(reply, 422).errors!.length).toBeLessThanOrEqual(20);
      expect(reply.body.length).toBeLessThan(10_000);
    }
  });

  test.each(takers)('of the wrong shape is answered with 422: %s', async (path) => {
    for (const body of [
      'null',
      '[]',
      '"text"',
      '7',
      'true',
      '{}',
      '{"unknown":1}',
      '{"__proto__":{"title":"x"}}',
    ])
      expectProblem(await post(path, body), 422);
    const deep = '['.repeat(5_000) + ']'.repeat(5_000);
    expectProblem(await post(path, deep), 422);
  });

  test('that is too large for the service or for nginx is answered with 413', async () => {
    for (const kib of [600, 1_100, 3_000])
      expectProblem(await sendJson('POST', '/analyze', { text: 'x'.repeat(kib * 1024) }), 413);
  });
});

describe('a task', () => {
  test.each([
    ['no title', {}, ['title']],
    ['an empty title', { title: '' }, ['title']],
    ['a blank title', { title: ' \n\t\u3000' }, ['title']],
    ['a title that cannot be seen', { title: '\u200b\u2800\u3164\ufeff' }, ['title']],
    ['a title of 10,001 characters', { title: 'x'.repeat(10_001) }, ['title']],
    ['a title with a NUL', { title: 'a\u0000b' }, ['title']],
    ['a title with a lone surrogate', { title: 'a\ud800b' }, ['title']],
    ['a title that is a number', { title: 7 }, ['title']],
    ['a title that is an object', { title: { $gt: '' } }, ['title']],
    ['a description that is null', { title: 'x', description: null }, ['description']],
    ['a description of 10,001 characters', { title: 'x', description: 'x'.repeat(10_001) }, ['description']],
    ['a description with a NUL', { title: 'x', description: '\u0000' }, ['description']],
    ['an unknown priority', { title: 'x', priority: 'urgent' }, ['priority']],
    ['an unknown field', { title: 'x', titel: 'y' }, ['titel']],
    ['a client-chosen id', { title: 'x', id: ID }, ['id']],
    ['everything wrong', { title: '', description: 1, priority: 2 }, ['title', 'description', 'priority']],
  ])('with %s is answered with a 422 that names the field', async (_what, body, where) => {
    for (const [method, path] of [
      ['POST', '/api/tasks'],
      ['PUT', `/api/tasks/${ID}`],
    ] as const)
      expect(paths(expectProblem(await sendJson(method, path, body), 422))).toEqual(where);
  });

  test.each(['é', '水'])('with a title of 10,000 characters (%s) is accepted', async (character) => {
    const title = character.repeat(10_000);
    expect((await sendJson('POST', '/api/tasks', { title })).status).toBe(201);
    expect((await sendJson('POST', '/api/add', { task: title })).status).toBe(202);
  });

  test.each([
    ['x', 10_000],
    ['水', 1_800],
  ])('with a title of many characters (%s) is accepted in a path, up to 16 KiB', async (character, count) => {
    const path = (times: number) => `/api/add/${encodeURIComponent(character.repeat(times))}`;
    expect((await send(path(count), { method: 'POST' })).status).toBe(202);
    expectProblem(await send(path(17_000), { method: 'POST' }), 414);
  });

  test.each([
    ['nothing to change', {}],
    ['an unknown field', { done: true }],
    ['a tick that is not a boolean', { completed: 'yes' }],
    ['an empty title', { title: '' }],
  ])('is not changed by %s', async (_what, body) => {
    expectProblem(await sendJson('PATCH', `/api/tasks/${ID}`, body), 422);
  });

  test.each([
    ['nothing', {}],
    ['an empty name', { task: '' }],
    ['a name of 10,001 characters', { task: 'x'.repeat(10_001) }],
    ['a name with a NUL', { task: '\u0000' }],
    ['a name with a lone surrogate', { task: '\udfff' }],
    ['an unknown priority', { task: 'x', priority: 'HIGH' }],
    ['an unknown field', { task: 'x', delay: 1 }],
  ])('is not queued from %s', async (_what, body) => {
    expectProblem(await sendJson('POST', '/api/add', body), 422);
  });

  test.each([
    ['a NUL', 'a%00b'],
    ['only blanks', '%20%09'],
    ['10,001 characters', 'x'.repeat(10_001)],
    ['bytes that are not UTF-8', '%ff%fe'],
    ['a percent sign alone', '50%'],
    ['a lone surrogate', '%ed%a0%80'],
  ])('is not queued from a path with %s', async (_what, task) => {
    expectProblem(await send(`/api/add/${task}`, { method: 'POST' }), 400);
    expectProblem(await send(`/add/${task}`), 400);
  });
});

describe('an invalid id', () => {
  const bad = ['1', 'x', 'undefined', `${ID}0`, ID.replace('-', '_'), '%00', '%ff', "';DROP TABLE tasks;--"];

  test.each(['/api/tasks', '/tasks', '/api/jobs', '/image'])('is answered with 400: %s', async (path) => {
    for (const id of bad) expectProblem(await send(`${path}/${encodeURI(id).replace(/%25/g, '%')}`), 400);
  });

  test('an id in capitals is the same id', async () => {
    const { id } = (await sendJson('POST', '/api/tasks', { title: 'x' })).as(taskSchema);
    expect((await send(`/api/tasks/${id.toUpperCase()}`)).as(taskSchema).id).toBe(id);
    expectProblem(await send(`/image/${ID.toUpperCase()}`), 404);
  });

  test('is answered with 400 to changes too', async () => {
    expectProblem(await sendJson('PATCH', '/api/tasks/x', { completed: true }), 400);
    expectProblem(await sendJson('PUT', '/api/tasks/x', { title: 'x' }), 400);
    expectProblem(await send('/api/tasks/x', { method: 'DELETE' }), 400);
  });
});

test.each([
  '/api/tasks?limit=0',
  '/api/tasks?limit=201',
  '/api/tasks?limit=-1',
  '/api/tasks?limit=1.5',
  '/api/tasks?limit=many',
  '/api/tasks?limit=1&limit=2',
  '/api/tasks?cursor=x',
  '/api/tasks?cursor=%00',
  '/api/tasks?status=done',
  '/api/tasks?priority=urgent',
  '/api/tasks?q=',
  '/api/tasks?q=%00',
  `/api/tasks?q=${'x'.repeat(201)}`,
  '/api/tasks?q[a]=b',
  '/api/tasks?unknown=1',
  '/api/tasks?__proto__=1',
  '/tasks?limit=0',
  '/api/jobs?status=open',
  '/api/jobs?kind=nap',
  '/api/jobs?limit=0',
  '/user/users?limit=0',
  '/user/users?cursor=1',
])('the query of %.60s is answered with 400', async (path) => {
  expectProblem(await send(path), 400);
});

describe('a user', () => {
  test.each([
    ['no name', { email: 'a@example.com' }, ['name']],
    ['a blank name', { name: ' ', email: 'a@example.com' }, ['name']],
    ['a name that cannot be seen', { name: '\u200b\u00ad', email: 'a@example.com' }, ['name']],
    ['a name of 201 characters', { name: 'x'.repeat(201), email: 'a@example.com' }, ['name']],
    ['a name with a NUL', { name: '\u0000', email: 'a@example.com' }, ['name']],
    ['no email address', { name: 'A' }, ['email']],
    ['an email address that is none', { name: 'A', email: 'alice' }, ['email']],
    ['an email address with a NUL', { name: 'A', email: 'a\u0000@example.com' }, ['email']],
    ['a very long email address', { name: 'A', email: `${'a'.repeat(250)}@example.com` }, ['email']],
    ['a list for an email address', { name: 'A', email: ['a@example.com'] }, ['email']],
    ['an unknown field', { name: 'A', email: 'a@example.com', admin: true }, ['admin']],
  ])('with %s is answered with a 422 that names the field', async (_what, body, where) => {
    const problem = expectProblem(await sendJson('POST', '/user/register', body), 422);
    expect([...new Set(paths(problem))]).toEqual(where);
  });

  test('registered a second time, in any case, is answered with 409', async () => {
    const email = `${randomUUID()}@example.com`;
    expect((await sendJson('POST', '/user/register', { name: 'A', email })).status).toBe(201);
    for (const again of [email, email.toUpperCase(), ` ${email} `])
      expectProblem(await sendJson('POST', '/user/register', { name: 'B', email: again }), 409);
  });

  test('registered by twenty concurrent requests is registered once', async () => {
    const email = `${randomUUID()}@example.com`;
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) => sendJson('POST', '/user/register', { name: `${i}`, email })),
    );
    const refused = replies.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(19);
    for (const reply of refused) expectProblem(reply, 409);
  });
});

describe('a text to analyze', () => {
  test.each([
    ['missing', {}],
    ['a number', { text: 7 }],
    ['null', { text: null }],
    ['a list', { text: ['a'] }],
    ['of 100,001 characters', { text: 'x'.repeat(100_001) }],
    ['with a NUL', { text: '\u0000' }],
    ['with a lone surrogate', { text: '\ud83d' }],
    ['beside an unknown field', { text: 'x', lang: 'en' }],
  ])('that is %s is answered with 422', async (_what, body) => {
    expectProblem(await sendJson('POST', '/analyze', body), 422);
  });
});

describe('what the API does not have', () => {
  test.each([
    '/nowhere',
    '/api',
    '/api/nowhere',
    '/api/tasks/a/b',
    '/add',
    '/add/a/b',
    '/user/nobody',
    '/image',
    '/process',
    '/livez',
    '/readyz',
    '/metrics',
    '/internal/jobs',
    `/internal/jobs/${ID}/claim`,
    `/api/../internal/jobs/${ID}/claim`,
    `/api/..%2finternal/jobs/${ID}/claim`,
    '/user/../metrics',
    '/user/..%2fmetrics',
    '//metrics',
    '/.env',
    '/%2e%2e/%2e%2e/etc/passwd',
  ])('%s is answered with 404', async (path) => {
    for (const method of ['GET', 'POST']) {
      const reply = await send(path, { method });
      // To nginx, a path that leads out of the root is not a valid request.
      expectProblem(reply, path.startsWith('/%2e%2e') ? 400 : 404);
    }
  });

  test.each(['TRACE', 'PROPFIND', 'LOCK'])('the method %s is answered with 405', async (method) => {
    for (const path of ['/', '/tasks', '/upload', '/nowhere']) {
      const reply = await send(path, { method });
      expectProblem(reply, 405);
      expect(reply.headers.allow).toContain('GET');
    }
  });
});

test('headers that are too large, individually or together, are answered with 431', async () => {
  const long = 'x'.repeat(12 * 1024);
  expectProblem(await send('/tasks', { headers: { 'X-One': long.repeat(2) } }), 431);
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-Long-${i}`, long]));
  for (const path of ['/tasks', '/user/users', '/health']) {
    expect((await send(path, { headers: many(3) })).status).toBe(200);
    expectProblem(await send(path, { headers: many(12) }), 431);
  }
});
