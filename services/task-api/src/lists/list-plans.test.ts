import type { Queryable } from '@millrace/chassis/stores/postgres';
import {
  jobKindSchema,
  jobStatusSchema,
  listJobsQuerySchema,
  listTasksQuerySchema,
  prioritySchema,
  taskStatusSchema,
} from '@millrace/contracts';
import { startTestPostgres, type TestPostgres } from '../../../../tests/support/postgres.js';
import { silentLogger } from '../../../../tests/support/service-basics.js';
import { listJobs } from '../jobs/job-list.js';
import { createListPool } from './list-pool.js';
import { listTasks } from '../tasks/task-list.js';
import { searchTasks } from '../tasks/task-search.js';

/** Enough for PostgreSQL to consider other plans. */
const ROWS = 20_000;
/** What a busy machine inserts well before a statement times out. */
const BATCH = 2_000;
/** The owner of a row: most have none, and many owners have a few each. */
const OWNER = "CASE WHEN n % 20 = 0 THEN 'owner ' || n % 500 END";
const owners = [null, 'owner 100', 'nobody'];

let postgres: TestPostgres;
let lists: ReturnType<typeof createListPool>;
beforeAll(async () => {
  postgres = await startTestPostgres('task-api');
  lists = createListPool({ ...postgres.config, POSTGRES_LIST_POOL_SIZE: 1 }, silentLogger());
  for (let first = 1; first <= ROWS; first += BATCH) {
    await postgres.db.query(
      `INSERT INTO tasks (title, priority, completed_at, owner)
       SELECT 'task ' || n, (ARRAY['low', 'medium', 'high'])[1 + n % 3], CASE WHEN n % 10 > 0 THEN now() END, ${OWNER}
         FROM generate_series(${first}, ${first + BATCH - 1}) AS n`,
    );
    await postgres.db.query(
      `INSERT INTO jobs (kind, payload, priority, status, run_at, max_attempts, progress_total, request_id, finished_at, owner)
       SELECT CASE WHEN n % 100 = 0 THEN 'image' ELSE 'task' END, '{}', 'low',
              CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'completed' END, now(), 1, 1, 'r', now(), ${OWNER}
         FROM generate_series(${first}, ${first + BATCH - 1}) AS n`,
    );
  }
  for (const table of ['tasks', 'jobs', 'task_texts']) await postgres.own(`VACUUM ANALYZE ${table}`);
});
afterAll(async () => {
  await lists.end();
  await postgres.stop();
});

interface Plan {
  'Node Type': string;
  'Index Name'?: string;
  'Actual Rows': number;
  Plans?: Plan[];
}

/** Runs the queries, and records their generic plans, which PostgreSQL uses for any values. */
function explaining() {
  const nodes: Plan[][] = [];
  const flat = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flat)];
  const db: Queryable = {
    async query<Row extends object>(text: string, values: unknown[] = []) {
      const types = ['uuid', 'int', 'text', 'int', 'int', 'text'].slice(0, values.length).join();
      await lists.query(`PREPARE explained(${types}) AS ${text}`);
      const literals = values
        .map((value) => (typeof value === 'number' ? value : `'${String(value)}'`))
        .join();
      const [row] = await lists.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE explained(${literals})`,
      );
      await lists.query('DEALLOCATE explained');
      nodes.push(flat(row!['QUERY PLAN'][0].Plan));
      return lists.query<Row & Record<string, unknown>>(text, values) as Promise<Row[]>;
    },
  };
  return { db, nodes };
}

const orNone = <T>(values: readonly T[]) => [undefined, ...values];
const taskFilters = orNone(taskStatusSchema.options).flatMap((status) =>
  orNone(prioritySchema.options).map((priority) => ({ status, priority })),
);
const jobFilters = orNone(jobStatusSchema.options).flatMap((status) =>
  orNone(jobKindSchema.options).map((kind) => ({ status, kind })),
);
const CURSOR = '0fffffff-ffff-7fff-bfff-ffffffffffff';

/** A page of 5 must read at most six rows of each range, and sort none. */
function expectOnlyThePage(nodes: Plan[]) {
  const types = nodes.map((node) => node['Node Type']);
  expect(types).not.toContain('Seq Scan');
  expect(types).not.toContain('Sort');
  for (const node of nodes) expect(node['Actual Rows']).toBeLessThanOrEqual(6);
}

it.each(taskFilters)('a list of tasks reads only its page: %j', async (filter) => {
  const { db, nodes } = explaining();
  for (const owner of owners) {
    await listTasks(db, { ...listTasksQuerySchema.parse({ limit: 5 }), ...filter }, owner);
    await listTasks(db, { ...listTasksQuerySchema.parse({ limit: 5, cursor: CURSOR }), ...filter }, owner);
  }
  nodes.forEach(expectOnlyThePage);
});

it.each(jobFilters)('a list of jobs reads only its page: %j', async (filter) => {
  const { db, nodes } = explaining();
  for (const owner of owners) {
    await listJobs(db, { ...listJobsQuerySchema.parse({ limit: 5 }), ...filter }, owner);
    await listJobs(db, { ...listJobsQuerySchema.parse({ limit: 5, cursor: CURSOR }), ...filter }, owner);
  }
  nodes.forEach(expectOnlyThePage);
});

const searches = owners.flatMap((owner) =>
  taskFilters.map((filter) => ({ ...filter, owner: owner ?? undefined })),
);

it.each(searches)('a search reads the newest rows or uses the index: %j', async (filter) => {
  const { db, nodes } = explaining();
  // Three of them contain 1999.
  await searchTasks(db, { ...listTasksQuerySchema.parse({}), ...filter, q: '1999' });
  for (const plan of nodes) {
    expect(plan.map((node) => node['Node Type'])).not.toContain('Seq Scan');
    for (const node of plan) expect(node['Actual Rows']).toBeLessThanOrEqual(2_000);
  }
  const indexes = nodes.flat().flatMap((node) => node['Index Name'] ?? []);
  if (nodes.length > 1) expect(indexes).toContain('task_texts_grams');
});
