import type { Task } from '@millrace/contracts';
import request from 'supertest';
import { useTaskApi } from '../../../../tests/support/task-api.js';

const taskApi = useTaskApi();

/** JSON writes it as six bytes, which is the maximum for any character. */
const CONTROL = '\u0001';

/** As large as tasks can be. */
const makeLargeTasks = (count: number, character: string) =>
  taskApi.postgres.db.query(
    `INSERT INTO tasks (title, description)
     SELECT repeat($2, 10000), repeat($2, 10000) FROM generate_series(1, $1)`,
    [count, character],
  );

/** The lengths of all pages, and their ids. */
async function readAll(first: string) {
  const pages: { tasks: number; bytes: number }[] = [];
  const ids: string[] = [];
  for (let next: string | undefined = first; next;) {
    const { body, text, headers }: request.Response = await request(taskApi.app).get(next).expect(200);
    const tasks = body as Task[];
    pages.push({ tasks: tasks.length, bytes: Buffer.byteLength(text) });
    ids.push(...tasks.map(({ id }) => id));
    next = /<([^>]+)>; rel="next"/.exec((headers as Record<string, string>)['link'] ?? '')?.[1];
  }
  return { pages, ids };
}

describe('a page of tasks', () => {
  it.each([
    ['a letter', 'x', 26],
    ['three bytes', '漢', 8],
    ['a control character', CONTROL, 26],
  ])(
    'ends early when its texts are long, and the next one continues: %s',
    async (_what, character, expected) => {
      await makeLargeTasks(60, character);
      const { pages, ids } = await readAll('/api/tasks?limit=50');
      expect(new Set(ids).size).toBe(60);
      expect(ids).toHaveLength(60);
      expect(pages[0]!.tasks).toBe(expected);
      for (const { bytes } of pages) expect(bytes).toBeLessThan(3.3 * 1024 ** 2);
    },
  );

  it('has the requested length when they are short', async () => {
    await taskApi.postgres.db.query(
      "INSERT INTO tasks (title, description) SELECT 'a', repeat('x', 2000) FROM generate_series(1, 201)",
    );
    const { pages, ids } = await readAll('/api/tasks?limit=200');
    expect(pages.map(({ tasks }) => tasks)).toEqual([200, 1]);
    expect(new Set(ids).size).toBe(201);
  });

  it('has no next page when everything just fits', async () => {
    await makeLargeTasks(26, 'x');
    expect((await readAll('/api/tasks?limit=26')).pages).toHaveLength(1);
    expect((await readAll('/api/tasks?limit=200')).pages).toHaveLength(1);
  });
});
