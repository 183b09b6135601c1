import type { Queryable } from '@millrace/chassis/stores/postgres';
import type { Job } from '@millrace/contracts';
import { eventually } from '../../../../tests/support/eventually.js';
import { silentLogger } from '../../../../tests/support/service-basics.js';
import { startTaskApi, type TestTaskApi } from '../../../../tests/support/task-api.js';
import { createJobStore, type JobStore } from './job-store.js';
import { createJobWatcher, type JobWatcher } from './job-watcher.js';

let taskApi: TestTaskApi;
beforeAll(async () => {
  taskApi = await startTaskApi();
});
afterAll(() => taskApi.stop());

const execute = <Row extends object>(sql: string, values: unknown[] = []) =>
  taskApi.postgres.db.query<Row>(sql, values);

/** The database, and a record of the queries: how many rows each one returned, and how many bytes. */
let db: Queryable;
let asked: { values: unknown[]; rows: number; bytes: number }[];
/** What each query waits for, and how many are waiting. */
let gate: Promise<unknown>;
let begun: number;
let jobs: JobStore;
let watcher: JobWatcher;
let told: Map<string, (Job | undefined)[]>;
let stops: (() => void)[];

beforeEach(async () => {
  await taskApi.empty();
  [asked, gate, begun, told, stops] = [[], Promise.resolve(), 0, new Map(), []];
  db = {
    async query<Row extends object>(text: string, values: unknown[] = []) {
      begun += 1;
      await gate;
      const rows = await execute<Row>(text, values);
      asked.push({ values, rows: rows.length, bytes: Buffer.byteLength(JSON.stringify(rows)) });
      return rows;
    },
  };
  jobs = createJobStore(db, {
    maxAttempts: 3,
    sweepAfterMs: 300,
    lists: db,
    hints: { changed: () => undefined },
  });
  watcher = createJobWatcher({ db, jobs, logger: silentLogger() });
});
afterEach(() => stops.forEach((stop) => stop()));

/** Running jobs, each of which is 20 KB in a response. */
async function makeJobs(count: number): Promise<Job[]> {
  await execute(
    `INSERT INTO jobs (kind, payload, priority, status, run_at, max_attempts, attempt, progress_total, result, request_id)
     SELECT 'analyze', '{}', 'medium', 'processing', now(), 10, 1, 10, to_jsonb(repeat('x', 20000)), 'r'
       FROM generate_series(1, $1)`,
    [count],
  );
  const ids = await execute<{ id: string }>('SELECT id FROM jobs');
  const made = await jobs.findAll(ids.map(({ id }) => id));
  asked.length = 0;
  return made;
}

function watch(job: Job): void {
  told.set(job.id, []);
  stops.push(watcher.watch(job, (changed) => told.get(job.id)!.push(changed)));
}

const polls = (count: number) => eventually(() => expect(asked.length).toBeGreaterThanOrEqual(count));

it('polls a thousand jobs by their revisions, and fetches those that changed, a few at a time', async () => {
  const made = await makeJobs(1_000);
  made.forEach(watch);
  await polls(2);
  for (const { rows, bytes } of asked) {
    expect(rows).toBe(1_000);
    expect(bytes).toBeLessThan(100_000);
  }

  asked.length = 0;
  await execute('UPDATE jobs SET progress_done = 4');
  await eventually(() =>
    expect([...told.values()].filter((events) => events.length > 0)).toHaveLength(1_000),
  );
  for (const events of told.values()) expect(events).toMatchObject([{ progress: { done: 4 } }]);
  const fetched = asked.filter(({ rows }) => rows < 1_000);
  expect(fetched).toHaveLength(100);
  for (const { rows } of fetched) expect(rows).toBe(10);
}, 40_000);

it('reports once that a job was deleted, and does not poll when nobody watches', async () => {
  const [one, other] = await makeJobs(2);
  watch(one!);
  watch(other!);
  await execute('DELETE FROM jobs WHERE id = $1', [one!.id]);
  await eventually(() => expect(told.get(one!.id)).toEqual([undefined]));
  asked.length = 0;
  await polls(2);
  expect(told.get(one!.id)).toEqual([undefined]);
  stops.forEach((stop) => stop());
  await execute('DELETE FROM jobs');
  const before = asked.length;
  // Longer than the interval between two polls; one may have been running.
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(asked.length - before).toBeLessThanOrEqual(2);
  expect(told.get(other!.id)).toEqual([]);
});

it('reports the latest of many changes', async () => {
  const [job] = await makeJobs(1);
  watch(job!);
  for (let done = 1; done <= 10; done += 1) await execute('UPDATE jobs SET progress_done = $1', [done]);
  await eventually(() => expect(told.get(job!.id)!.at(-1)).toMatchObject({ progress: { done: 10 } }));
  expect(told.get(job!.id)!.length).toBeLessThanOrEqual(10);
});

it('reports no unchanged job to a watcher that starts during a poll', async () => {
  const [one, other] = await makeJobs(2);
  let open = () => {};
  gate = new Promise<void>((resolve) => (open = resolve));
  begun = 0;
  watch(one!);
  await eventually(() => expect(begun).toBe(1));
  watch(other!);
  open();
  await polls(2);
  expect(told.get(other!.id)).toEqual([]);
});
