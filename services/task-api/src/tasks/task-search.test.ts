import type { Page } from '@millrace/chassis/stores/postgres';
import { listTasksQuerySchema, type Task } from '@millrace/contracts';
import request from 'supertest';
import { useTaskApi } from '../../../../tests/support/task-api.js';
import { searchTasks } from './task-search.js';

const taskApi = useTaskApi();

const query = (text: string, values?: unknown[]) => taskApi.postgres.db.query(text, values);
const call = () => request(taskApi.app);
const create = async (title: string, description = ''): Promise<string> =>
  ((await call().post('/api/tasks').send({ title, description }).expect(201)).body as Task).id;
const found = async (q: string, filter: Record<string, string> = {}): Promise<string[]> => {
  const { body } = await call()
    .get('/api/tasks')
    .query({ q, ...filter })
    .expect(200);
  return (body as Task[]).map(({ title }) => title);
};

describe('a search', () => {
  it('finds composed and decomposed text, and returns it as it was sent', async () => {
    const decomposed = 'Cafe\u0301 u\u0308ber';
    await create(decomposed);
    expect(await found('café')).toEqual([decomposed]);
    expect(await found('CAFE\u0301 Ü')).toEqual([decomposed]);
    await create('Crème brûlée');
    expect(await found('cre\u0300me bru\u0302')).toEqual(['Crème brûlée']);
    expect(await found('cafe')).toEqual([]);
  });

  it.each([
    ['Ελληνικά', 'ΛΗΝ'],
    ['Привет, мир', 'вет, М'],
    ['漢字かな交じり文', '字か'],
    ['漢字かな交じり文', '文'],
    ['👨‍👩‍👧 family', '👧 F'],
    ['x', 'X'],
    ['ab', 'b'],
    [String.raw`it's a \ "quote" & | ! :* ( <->`, String.raw`'s a \ "q`],
    ['& | ! :* ( <->', ':* ( <'],
    ["a'b", "'"],
    ['two\nlines', 'o\nl'],
    ['\u001funit', '\u001fu'],
  ])('supports every script and every character: %j contains %j', async (title, part) => {
    await create(title);
    await create('other');
    expect(await found(part)).toEqual([title]);
    // With the index, too.
    expect(await lookedUp(part)).toEqual([title]);
  });

  it('searches the description, but not across the border to the title', async () => {
    await create('beginning', 'end');
    expect(await found('END')).toEqual(['beginning']);
    expect(await found('ningend')).toEqual([]);
    expect(await found('ning\u001fend')).toEqual([]);
  });

  it('reflects changes, completions and deletions at once', async () => {
    const id = await create('before');
    await call().patch(`/api/tasks/${id}`).send({ completed: true }).expect(200);
    expect(await found('before', { status: 'completed' })).toEqual(['before']);
    await call().patch(`/api/tasks/${id}`).send({ title: 'after' }).expect(200);
    expect(await found('before')).toEqual([]);
    expect(await found('after')).toEqual(['after']);
    await call().delete(`/api/tasks/${id}`).expect(204);
    expect(await found('after')).toEqual([]);
    expect(await query('SELECT FROM task_texts')).toEqual([]);
  });
});

const STEPS = {
  newest: { tasks: 600, ms: 10_000 },
  rare: { tasks: 2_000, ms: 10_000 },
  readOn: { tasks: 2 ** 31 - 1, ms: 10_000 },
  lookAllUp: { tasks: 150_000, ms: 10_000 },
};
const NOTHING = { tasks: 0, ms: 10_000 };
const titlesOf = ({ rows }: Page) => (JSON.parse(rows) as Task[]).map(({ title }) => title);

async function lookedUp(q: string) {
  const bounds = { ...STEPS, newest: NOTHING };
  return titlesOf(await searchTasks(taskApi.postgres.db, listTasksQuerySchema.parse({ q }) as never, bounds));
}

/** All pages of a search whose steps have these limits. */
async function readAll(filter: object, bounds: typeof STEPS) {
  const pages: string[][] = [];
  let cursor: string | null | undefined;
  do {
    const parsed = listTasksQuerySchema.parse({ ...filter, ...(cursor && { cursor }) });
    const page: Page = await searchTasks(taskApi.postgres.db, { ...parsed, q: parsed.q! }, bounds);
    pages.push(titlesOf(page));
    cursor = page.next;
  } while (cursor);
  return pages;
}

describe('whatever step of a search finds it', () => {
  beforeEach(() =>
    query(
      `INSERT INTO tasks (title, priority, completed_at)
       SELECT CASE WHEN n % 7 = 0 THEN 'needle ' ELSE 'straw ' END || n, CASE WHEN n % 2 = 0 THEN 'low' ELSE 'high' END,
              CASE WHEN n % 3 = 0 THEN now() END
         FROM generate_series(1, 300) AS n`,
    ),
  );

  describe.each([
    ['without a filter', {}, 1],
    ['by priority', { priority: 'low' }, 2],
    ['by status', { status: 'completed' }, 3],
    ['by both', { priority: 'low', status: 'completed' }, 6],
  ])('%s', (_which, filter, step) => {
    const expected = Array.from({ length: 300 }, (_, index) => 300 - index)
      .filter((n) => n % 7 === 0 && n % step === 0)
      .map((n) => `needle ${n}`);

    it.each([
      ['the newest', STEPS],
      ['the index', { ...STEPS, newest: NOTHING }],
      ['reading on', { ...STEPS, newest: NOTHING, rare: NOTHING }],
      ['all of the index', { ...STEPS, newest: NOTHING, rare: NOTHING, readOn: NOTHING }],
    ])('%s: the pages are the same', async (_step, bounds) => {
      const pages = await readAll({ q: 'NEEDLE', limit: 5, ...filter }, bounds);
      expect(pages.flat()).toEqual(expected);
      expect(pages.slice(0, -1).every((page) => page.length === 5)).toBe(true);
      expect(pages.at(-1)!.length).toBeGreaterThan(0);
    });

    it('pages that end early, and continue where they stopped', async () => {
      const none = { newest: NOTHING, rare: NOTHING, lookAllUp: NOTHING };
      const pages = await readAll(
        { q: 'needle', limit: 5, ...filter },
        { ...none, readOn: { tasks: 20, ms: 10_000 } },
      );
      expect(pages.flat()).toEqual(expected);
      expect(pages.some((page) => page.length < 5)).toBe(true);
    });
  });

  it('stays within its time limit, however slow each text is', async () => {
    const long = `b${'a'.repeat(198)}`;
    await query(
      `INSERT INTO tasks (title, description) SELECT repeat('a', 10000), repeat('a', 9800) || $1 FROM generate_series(1, 60)`,
      [long],
    );
    const bound = { tasks: 1_000, ms: 1 };
    const parsed = listTasksQuerySchema.parse({ q: `${long}a` });
    const page = await searchTasks(
      taskApi.postgres.db,
      { ...parsed, q: parsed.q! },
      { newest: bound, rare: bound, readOn: bound, lookAllUp: bound },
    );
    expect(titlesOf(page)).toEqual([]);
    expect(page.next).not.toBeNull();
  });
});
