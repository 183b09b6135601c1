import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPostgres, migrate, type Postgres, type Queryable } from '@millrace/chassis/stores/postgres';
import { type PostgresServer, startPostgres } from '../../../local/servers/postgres.js';
import { configOf } from '../../../tests/support/postgres.js';
import { silentLogger } from '../../../tests/support/service-basics.js';
import { fillTaskTexts } from './tasks/task-texts.js';

const MIGRATIONS = join(__dirname, '../migrations');

let server: PostgresServer;
let db: Postgres;
let folder: string;
beforeAll(async () => {
  server = await startPostgres();
  db = createPostgres(configOf(server, 'task-api', 'task_api_migrate'), silentLogger());
  folder = mkdtempSync(join(tmpdir(), 'millrace-migrations-'));
});
afterAll(async () => {
  await db.end();
  await server.stop();
  rmSync(folder, { recursive: true });
});

const migrateBy = (directory: string) =>
  migrate({
    config: configOf(server, 'task-api', 'task_api_migrate'),
    directory,
    schema: 'tasks',
    logger: silentLogger(),
  });

it('002 migrates the tasks and jobs of the first version, and deletes unusable images', async () => {
  cpSync(join(MIGRATIONS, '001_create-tasks-and-jobs.sql'), join(folder, '001_create-tasks-and-jobs.sql'));
  await migrateBy(folder);
  await db.query(
    `WITH task AS (INSERT INTO tasks (title) VALUES ('queued'), ('failed'), ('cancelled') RETURNING id, title)
     INSERT INTO jobs (task_id, kind, payload, priority, status, run_at, due_at, max_attempts, progress_total, request_id)
     SELECT id, 'task', json_build_object('task', title), 'low', title, now(),
            CASE title WHEN 'queued' THEN now() END, 10, 1, 'r'
       FROM task`,
  );
  await db.query(`INSERT INTO tasks (title) VALUES ('open')`);
  await db.query(`INSERT INTO tasks (title, completed_at) VALUES ('completed', now())`);
  await db.query(
    `WITH job AS (
       INSERT INTO jobs (kind, payload, priority, status, run_at, due_at, attempt, max_attempts, progress_total, request_id)
       SELECT 'image', '{"type": "image/png"}', 'low', status, now(), CASE status WHEN 'queued' THEN now() END, attempt,
              10, 1, status || ' after ' || attempt
         FROM (VALUES ('queued', 0), ('failed', 1), ('failed', 10)) AS image (status, attempt)
       RETURNING id)
     INSERT INTO job_inputs (job_id, bytes) SELECT id, '1234' FROM job`,
  );

  await migrateBy(MIGRATIONS);
  expect(await db.query('SELECT title, status FROM tasks ORDER BY title')).toEqual(
    ['cancelled', 'completed', 'failed', 'open', 'queued'].map((status) => ({ title: status, status })),
  );
  expect(
    await db.query(
      `SELECT request_id AS job, input_bytes, refused, EXISTS (SELECT FROM job_inputs WHERE job_id = id) AS image
         FROM jobs WHERE kind = 'image' ORDER BY 1`,
    ),
  ).toEqual([
    { job: 'failed after 1', input_bytes: 0, refused: true, image: false },
    { job: 'failed after 10', input_bytes: 25, refused: false, image: true },
    { job: 'queued after 0', input_bytes: 25, refused: false, image: true },
  ]);

  // 004 has counted them.
  expect(await db.query('SELECT queued, processing, failed, cancelled FROM job_counts')).toEqual(
    await db.query('SELECT queued, processing, failed, cancelled FROM counted_jobs'),
  );
  expect(await db.query('SELECT queued::int FROM job_counts')).toEqual([{ queued: 2 }]);
});

it('005 makes existing tasks searchable in batches, and resumes after an interruption', async () => {
  const missing = () =>
    db.query('SELECT FROM tasks WHERE NOT EXISTS (SELECT FROM task_texts WHERE task_id = tasks.id)');
  expect(await missing()).toHaveLength(5);
  await db.query("INSERT INTO tasks (title) SELECT 'task ' || n FROM generate_series(1, 250) AS n");
  await db.query("DELETE FROM task_texts WHERE text <> 'task 250'");

  const stopping = new AbortController();
  const stopAfterOne = {
    query: (text: string, values?: unknown[]) => (stopping.abort(), db.query(text, values)),
  };
  await fillTaskTexts(stopAfterOne as Queryable, { logger: silentLogger(), signal: stopping.signal });
  expect(await missing()).toHaveLength(155);

  const { signal } = new AbortController();
  await Promise.all([1, 2].map(() => fillTaskTexts(db, { logger: silentLogger(), signal })));
  expect(await missing()).toEqual([]);
  expect(await db.query("SELECT FROM task_texts WHERE text = 'cancelled'")).toHaveLength(1);

  // All are done: it does not look for more.
  await db.query('DELETE FROM task_texts');
  await fillTaskTexts(db, { logger: silentLogger(), signal });
  expect(await db.query('SELECT FROM task_texts')).toEqual([]);
});
