import type { Task } from '@millrace/contracts';
import request from 'supertest';
import { eventually } from '../../../../tests/support/eventually.js';
import { FAULT_ANSWER_MS } from '../../../../tests/support/fault-time.js';
import { useTaskApi } from '../../../../tests/support/task-api.js';

const taskApi = useTaskApi();

const call = () => request(taskApi.app);
const create = async (task: object): Promise<Task> =>
  (await call().post('/api/tasks').send(task).expect(201)).body as Task;
const list = async (query: Record<string, string>): Promise<Task[]> =>
  (await call().get('/api/tasks').query(query).expect(200)).body as Task[];
const titles = async (query: Record<string, string>) => (await list(query)).map(({ title }) => title);
const UNKNOWN = '00000000-0000-7000-8000-000000000000';

describe.each(['/api/tasks', '/tasks'])('%s', (path) => {
  it('creates a task, and shows, lists, changes, replaces and deletes it', async () => {
    const created = await call().post(path).send({ title: 'Buy milk', description: '2L whole' }).expect(201);
    const { id } = created.body;
    expect(created.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      title: 'Buy milk',
      description: '2L whole',
      priority: 'medium',
      status: 'open',
      completed: false,
      processed_by_pod: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: created.body.created_at,
      completed_at: null,
    });
    expect(created.get('location')).toBe(`/api/tasks/${id}`);
    expect(created.get('x-served-by')).toBe('task-api-test');

    expect((await call().get(`${path}/${id}`).expect(200)).body).toEqual(created.body);
    expect((await call().get(path).expect(200)).body).toEqual([created.body]);

    const changed = await call().patch(`${path}/${id}`).send({ priority: 'high' }).expect(200);
    expect(changed.body).toMatchObject({ title: 'Buy milk', description: '2L whole', priority: 'high' });

    const replaced = await call().put(`${path}/${id}`).send({ title: 'Buy oat milk' }).expect(200);
    expect(replaced.body).toMatchObject({ title: 'Buy oat milk', description: '', priority: 'medium' });

    const deleted = await call().delete(`${path}/${id}`).expect(204);
    expect(deleted.text).toBe('');
    for (const method of ['get', 'delete'] as const) await call()[method](`${path}/${id}`).expect(404);
    await call().patch(`${path}/${id}`).send({ title: 'x' }).expect(404);
    await call().put(`${path}/${id}`).send({ title: 'x' }).expect(404);
  });
});

describe('completing a task', () => {
  it('records the time once', async () => {
    const { id } = await create({ title: 'a' });
    const done = (await call().patch(`/api/tasks/${id}`).send({ completed: true }).expect(200)).body;
    expect(done).toMatchObject({ completed: true, status: 'completed' });
    expect(done.completed_at).toBe(done.updated_at);

    const again = (await call().patch(`/api/tasks/${id}`).send({ completed: true }).expect(200)).body;
    expect(again.completed_at).toBe(done.completed_at);
    const renamed = (await call().patch(`/api/tasks/${id}`).send({ title: 'b' }).expect(200)).body;
    expect(renamed).toMatchObject({ title: 'b', completed: true, completed_at: done.completed_at });
  });

  it('is undone by PATCH, and by a PUT without `completed`', async () => {
    const { id } = await create({ title: 'a' });
    const path = `/api/tasks/${id}`;
    await call().put(path).send({ title: 'a', completed: true }).expect(200);
    const reopened = (await call().patch(path).send({ completed: false }).expect(200)).body;
    expect(reopened).toMatchObject({ completed: false, status: 'open', completed_at: null });

    await call().put(path).send({ title: 'a', completed: true }).expect(200);
    const replaced = (await call().put(path).send({ title: 'a' }).expect(200)).body;
    expect(replaced).toMatchObject({ completed: false, status: 'open', completed_at: null });
  });
});

describe('the list', () => {
  it('filters by priority and by status, together with AND', async () => {
    await create({ title: 'low', priority: 'low' });
    await create({ title: 'high', priority: 'high' });
    const { id } = await create({ title: 'high, done', priority: 'high' });
    await call().patch(`/api/tasks/${id}`).send({ completed: true });
    await call().post('/api/add/waiting').expect(202);

    expect(await titles({ priority: 'high' })).toEqual(['high, done', 'high']);
    expect(await titles({ status: 'open' })).toEqual(['high', 'low']);
    expect(await titles({ status: 'queued' })).toEqual(['waiting']);
    expect(await titles({ status: 'completed', priority: 'high' })).toEqual(['high, done']);
    expect(await titles({ status: 'completed', priority: 'low' })).toEqual([]);
  });

  it('searches title and description, ignoring case, and treats wildcards literally', async () => {
    await create({ title: '100% wool' });
    await create({ title: '100 sheep', description: 'Snake_Case' });
    await create({ title: String.raw`back\slash` });

    expect(await titles({ q: 'WOOL' })).toEqual(['100% wool']);
    expect(await titles({ q: 'snake' })).toEqual(['100 sheep']);
    expect(await titles({ q: '0%' })).toEqual(['100% wool']);
    expect(await titles({ q: 'e_c' })).toEqual(['100 sheep']);
    expect(await titles({ q: '_' })).toEqual(['100 sheep']);
    expect(await titles({ q: '\\' })).toEqual([String.raw`back\slash`]);
    expect(await titles({ q: "'; DROP TABLE tasks; --" })).toEqual([]);
  });

  it('pages through 120 tasks without gaps or duplicates while new ones arrive', async () => {
    const made: string[] = [];
    for (let number = 0; number < 120; number++) made.push((await create({ title: `t${number}` })).id);

    const seen: string[] = [];
    let next: string | undefined = '/api/tasks?limit=7';
    while (next) {
      const page: request.Response = await call().get(next).expect(200);
      seen.push(...(page.body as Task[]).map(({ id }) => id));
      await create({ title: 'newcomer' });
      next = /^<([^>]+)>; rel="next"$/.exec(page.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(made.reverse());
  });

  it('keeps the filters in the link to the next page, and has none on the last', async () => {
    for (const title of ['a1', 'a2', 'b', 'a3']) await create({ title });
    const first = await call().get('/tasks').query({ q: 'a', limit: 2 }).expect(200);
    const next = /^<(\/tasks\?[^>]+)>/.exec(first.get('link')!)![1]!;
    const last = await call().get(next).expect(200);
    expect((last.body as Task[]).map(({ title }) => title)).toEqual(['a1']);
    expect(last.get('link')).toBeUndefined();
  });

  it('has 50 tasks per page by default', async () => {
    await taskApi.postgres.db.query(`INSERT INTO tasks (title) SELECT 'x' FROM generate_series(1, 51)`);
    expect(await list({})).toHaveLength(50);
    expect(await list({ limit: '200' })).toHaveLength(51);
  });

  it.each([
    ['an unknown parameter', { colour: 'red' }, 'colour'],
    ['a limit of 0', { limit: '0' }, 'limit'],
    ['a limit of 201', { limit: '201' }, 'limit'],
    ['a limit that is not a number', { limit: 'many' }, 'limit'],
    ['a cursor that is not a UUID', { cursor: '7' }, 'cursor'],
    ['an unknown status', { status: 'lost' }, 'status'],
    ['an unknown priority', { priority: 'urgent' }, 'priority'],
    ['two values for one parameter', { status: ['open', 'queued'] }, 'status'],
    ['an empty search', { q: ' ' }, 'q'],
    ['a NUL in the search', { q: 'a\0' }, 'q'],
  ])('answers 400 to %s', async (_case, query, path) => {
    const response = await call().get('/api/tasks').query(query).expect(400);
    expect(response.type).toBe('application/problem+json');
    expect(response.body.errors).toEqual([{ path, message: expect.any(String) }]);
  });
});

describe('bad input', () => {
  it.each([
    ['a title of 10,001 characters', { title: 'x'.repeat(10_001) }, 'title'],
    ['no title', { description: 'x' }, 'title'],
    ['an empty title', { title: '' }, 'title'],
    ['a blank title', { title: ' \t' }, 'title'],
    ['a title that is a number', { title: 7 }, 'title'],
    ['a title that is null', { title: null }, 'title'],
    ['a NUL in the title', { title: 'a\0b' }, 'title'],
    ['a NUL in the description', { title: 'a', description: '\0' }, 'description'],
    ['a description of 10,001 characters', { title: 'a', description: 'x'.repeat(10_001) }, 'description'],
    ['an unknown priority', { title: 'a', priority: 'urgent' }, 'priority'],
    ['an unknown field', { title: 'a', colour: 'red' }, 'colour'],
    ['an id of the client', { title: 'a', id: UNKNOWN }, 'id'],
    ['a list', [{ title: 'a' }], ''],
  ])('is answered with 422: %s', async (_case, body, path) => {
    const response = await call().post('/api/tasks').send(body).expect(422);
    expect(response.type).toBe('application/problem+json');
    expect(response.body.errors).toEqual([{ path, message: expect.any(String) }]);
    expect(await list({})).toEqual([]);
  });

  it('is answered with 422: a lone surrogate', async () => {
    const body = String.raw`{"title":"\ud800"}`;
    await call().post('/api/tasks').type('json').send(body).expect(422);
  });

  it.each([
    ['nothing to change', {}, ''],
    ['a completed that is not a boolean', { completed: 'yes' }, 'completed'],
    ['an unknown field', { status: 'completed' }, 'status'],
    ['a blank title', { title: ' ' }, 'title'],
  ])('is answered with 422 by PATCH: %s', async (_case, changes, path) => {
    const { id } = await create({ title: 'a' });
    const response = await call().patch(`/api/tasks/${id}`).send(changes).expect(422);
    expect(response.body.errors[0]).toEqual({ path, message: expect.any(String) });
  });

  it('is answered with 422 by PUT without a title', async () => {
    const { id } = await create({ title: 'a' });
    await call().put(`/api/tasks/${id}`).send({ completed: true }).expect(422);
  });

  it.each(['7', 'not-a-uuid', `${UNKNOWN}0`, '%00', "'"])('is answered with 400: the id %s', async (id) => {
    const response = await call().get(`/api/tasks/${id}`).expect(400);
    expect(response.body.errors[0].path).toBe('id');
  });
});

it('accepts a title of 10,000 characters, and any Unicode', async () => {
  const longest = '🐑'.repeat(5_000);
  expect((await create({ title: longest, description: 'Ελληνικά 👨‍👩‍👧 "\'\\' })).title).toBe(longest);
});

it('can be deleted while a worker reports on its job', async () => {
  const id: string = (await call().post('/api/add/a').expect(202)).body.id;
  const { db } = taskApi.postgres;
  let deleted: Promise<{ status: number }>;
  await db.transaction(async (tx) => {
    // In the order of a worker's report: the job first, and then its task.
    await tx.query('SELECT FROM jobs WHERE id = $1 FOR UPDATE', [id]);
    deleted = call()
      .delete(`/api/tasks/${id}`)
      .then(({ status }) => ({ status }));
    await eventually(async () => {
      const waiting = await db.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
      expect(waiting).toHaveLength(1);
    });
    await tx.query(`UPDATE jobs SET status = 'processing' WHERE id = $1`, [id]);
  });
  expect(await deleted!).toEqual({ status: 204 });
  await call().get(`/api/jobs/${id}`).expect(404);
});

it('answers 405 to other methods, and lists the allowed ones', async () => {
  const response = await call().delete('/api/tasks').expect(405);
  expect(response.get('allow')).toBe('GET, POST, HEAD, OPTIONS');
});

it('answers 503 within 5 s while the database hangs or is down, and then recovers', async () => {
  const { link } = taskApi.postgres;
  for (const damage of [link.freeze, link.cut]) {
    await damage();
    const begun = performance.now();
    const response = await call().get('/api/tasks').expect(503);
    expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
    expect(response.get('retry-after')).toBe('1');
    await link.mend();
    await call().get('/api/tasks').expect(200);
  }
});
