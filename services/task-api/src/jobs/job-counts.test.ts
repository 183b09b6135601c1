import { useTaskApi } from '../../../../tests/support/task-api.js';
import { deleteEndedJobs } from './retention.js';

const taskApi = useTaskApi();

const query = <Row extends object>(text: string, values?: unknown[]) =>
  taskApi.postgres.db.query<Row>(text, values);

const COUNTS = [
  ...['queued', 'processing', 'completed', 'failed', 'cancelled'],
  ...['unfinished_images', 'unfinished_bytes', 'failed_bytes', 'history_bytes'],
];
const kept = () =>
  query(
    `SELECT ${COUNTS.map((name) => `coalesce(sum(${name}), 0)::text AS ${name}`).join()} FROM job_counts`,
  );
const counted = () => query(`SELECT ${COUNTS.map((name) => `${name}::text`).join()} FROM counted_jobs`);
/** Tasks whose status differs from that of their job. */
const strays = () =>
  query('SELECT FROM jobs JOIN tasks ON tasks.id = task_id WHERE job_status IS DISTINCT FROM jobs.status');

/** The same numbers in every run, so that a failure can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

const STATUSES = ['queued', 'processing', 'completed', 'failed', 'cancelled'];

const INSERT_JOBS = `
  WITH task AS (INSERT INTO tasks (title) SELECT 'task' FROM generate_series(1, $1) RETURNING id)
  INSERT INTO jobs (id, task_id, kind, payload, priority, run_at, due_at, max_attempts, progress_total, request_id, input_bytes)
  SELECT id, id, 'task', '{"task": "task"}', 'low', now(), now(), 3, 1, 'r', 4 FROM task`;
const INSERT_IMAGES = `
  WITH job AS (
    INSERT INTO jobs (kind, payload, priority, run_at, due_at, max_attempts, progress_total, request_id, input_bytes)
    SELECT 'image', '{"type": "image/png"}', 'low', now(), now(), 3, 1, 'r', 1000 FROM generate_series(1, $1) RETURNING id)
  INSERT INTO job_inputs (job_id, bytes) SELECT id, '' FROM job`;
/** Rows in the order of their ids, as everyone who changes several rows locks them. */
const SOME = 'SELECT id FROM jobs WHERE hashtext(id::text || $1) % 3 = 0 ORDER BY id LIMIT $2 FOR UPDATE';
const SET_STATUS = `
  WITH picked AS (${SOME})
  UPDATE jobs
     SET status = $3, attempt = attempt + 1, refused = $3 = 'failed' AND attempt % 2 = 0,
         due_at = CASE WHEN $3 IN ('queued', 'processing') THEN now() END,
         finished_at = CASE WHEN $3 NOT IN ('queued', 'processing') THEN now() END,
         result = CASE WHEN $3 = 'completed' THEN '"done"'::jsonb END
    FROM picked WHERE jobs.id = picked.id`;
const RENEW = `WITH picked AS (${SOME}) UPDATE jobs SET due_at = now() FROM picked WHERE jobs.id = picked.id AND due_at IS NOT NULL`;
const DELETE_JOBS = `WITH picked AS (${SOME}) DELETE FROM jobs USING picked WHERE jobs.id = picked.id`;
const DELETE_TASKS = `WITH picked AS MATERIALIZED (${SOME}) DELETE FROM tasks USING picked WHERE tasks.id = picked.id`;

/** A random change of up to 20 rows. */
function change(number: (below: number) => number): Promise<unknown> {
  const count = 1 + number(20);
  const some = [String(number(1_000)), count];
  switch (number(8)) {
    case 0:
      return query(INSERT_IMAGES, [count]);
    case 1:
    case 2:
      return query(INSERT_JOBS, [count]);
    case 3:
      return query(DELETE_JOBS, some);
    case 4:
      return query(DELETE_TASKS, some);
    case 5:
      return query(RENEW, some);
    default:
      return query(SET_STATUS, [...some, STATUSES[number(STATUSES.length)]]);
  }
}

describe('the counts of jobs', () => {
  it('are correct after any change of any number of rows, as are tasks and images', async () => {
    const number = numbers(1);
    for (let step = 0; step < 150; step += 1) {
      await change(number);
      expect(await kept()).toEqual(await counted());
    }
    expect(await strays()).toEqual([]);
    expect(
      await query(
        'SELECT FROM jobs JOIN job_inputs ON job_id = id WHERE NOT keeps_input(status, kind, refused)',
      ),
    ).toEqual([]);
  });

  it('are correct after concurrent changes, which cannot deadlock', async () => {
    const client = async (seed: number) => {
      const number = numbers(seed);
      for (let step = 0; step < 60; step += 1) await change(number);
    };
    await Promise.all(Array.from({ length: 8 }, (_, index) => client(100 + index)));
    expect(await kept()).toEqual(await counted());
    expect(await strays()).toEqual([]);
    const [{ shards }] = (await query<{ shards: number }>(
      'SELECT count(*)::int AS shards FROM job_counts',
    )) as [{ shards: number }];
    expect(shards).toBeLessThanOrEqual(8);
  });

  it('do not make writers wait for each other', async () => {
    await query(INSERT_JOBS, [2]);
    await taskApi.postgres.db.transaction(async (tx) => {
      await tx.query(SET_STATUS, ['a', 0, 'completed']);
      await tx.query(INSERT_JOBS, [1]);
      await query(INSERT_JOBS, [1]);
      expect(await kept()).toMatchObject([{ queued: '3' }]);
    });
    expect(await kept()).toMatchObject([{ queued: '4' }]);
  });

  it('are rolled back with their transaction', async () => {
    const undone = taskApi.postgres.db.transaction(async (tx) => {
      await tx.query(INSERT_JOBS, [3]);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await kept()).toMatchObject([{ queued: '0' }]);
  });

  it('follow deleted tasks, deleted jobs and truncated tables', async () => {
    await query(INSERT_JOBS, [5]);
    await query('DELETE FROM tasks WHERE id IN (SELECT id FROM tasks LIMIT 2)');
    expect(await kept()).toMatchObject([{ queued: '3' }]);
    await query(SET_STATUS, ['', 5, 'completed']);
    await query("UPDATE jobs SET finished_at = now() - interval '31 days'");
    await deleteEndedJobs({ db: taskApi.postgres.db, jobTtlSeconds: 86_400 });
    expect(await kept()).toEqual(await counted());
    await taskApi.empty();
    expect(await kept()).toEqual(await counted());
  });

  it('can be recounted', async () => {
    await query(INSERT_JOBS, [5]);
    await query('UPDATE job_counts SET queued = 0');
    await query('SELECT recount_jobs()');
    expect(await kept()).toEqual(await counted());
  });

  it('include the jobs completed in the last minute', async () => {
    const completed = async () =>
      (
        await query<{ sum: number }>(
          `SELECT coalesce(sum(completed), 0)::int AS sum FROM job_completions WHERE second > now() - interval '1 minute'`,
        )
      )[0]!.sum;
    await query(INSERT_JOBS, [7]);
    await query("UPDATE jobs SET status = 'completed', due_at = NULL, finished_at = now()");
    expect(await completed()).toBe(7);
    await query("UPDATE jobs SET error = 'no change'");
    expect(await completed()).toBe(7);
    // More than a minute later, when the ring buffer has wrapped around to the same slot.
    await query("UPDATE job_completions SET second = second - interval '64 seconds'");
    expect(await completed()).toBe(0);
    await query(INSERT_JOBS, [2]);
    await query(
      "UPDATE jobs SET status = 'completed', due_at = NULL, finished_at = now() WHERE status = 'queued'",
    );
    expect(await completed()).toBe(2);
  });
});

it('a task that already has the status of its job is not written again', async () => {
  await query(
    `WITH task AS (INSERT INTO tasks (title, job_status) VALUES ('task', 'queued') RETURNING id)
     INSERT INTO jobs (id, task_id, kind, payload, priority, run_at, due_at, max_attempts, progress_total, request_id)
     SELECT id, id, 'task', '{}', 'low', now(), now(), 3, 1, 'r' FROM task`,
  );
  // The first slot of the table, and no second version in the next one.
  expect(await query('SELECT ctid::text, status FROM tasks')).toEqual([{ ctid: '(0,1)', status: 'queued' }]);
});
