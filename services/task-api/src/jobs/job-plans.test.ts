import { randomUUID } from 'node:crypto';
import type { Postgres, Queryable } from '@millrace/chassis/stores/postgres';
import { startTestPostgres, type TestPostgres } from '../../../../tests/support/postgres.js';
import { silentLogger } from '../../../../tests/support/service-basics.js';
import { createMainPool } from '../main-pool.js';
import { createJobLeases, type JobLeases } from './leases/leases.js';
import { createJobStore, type JobStore } from './job-store.js';

/** Enough for PostgreSQL to consider other plans. */
const ENDED = 20_000;
const QUEUED = 2_000;

let postgres: TestPostgres;
let db: Postgres;
let ids: string[];
beforeAll(async () => {
  postgres = await startTestPostgres('task-api');
  db = createMainPool(postgres.config, silentLogger());
  const insert = (status: string, count: number, finishedAt: string) =>
    postgres.db.query<{ id: string }>(
      `INSERT INTO jobs (kind, payload, priority, status, run_at, max_attempts, progress_total, request_id, finished_at, due_at)
       SELECT 'task', '{"task": "a"}', 'low', '${status}', now(), 3, 1, 'r', ${finishedAt}, CASE WHEN ${finishedAt} IS NULL THEN now() END
         FROM generate_series(1, ${count}) RETURNING id`,
    );
  for (let batch = 0; batch < 10; batch++) await insert('completed', ENDED / 10, 'now()');
  // The statistics of a quiet hour: nothing is queued. Then come the jobs.
  await postgres.db.query('VACUUM ANALYZE jobs');
  ids = (await insert('queued', QUEUED, 'NULL::timestamptz')).map(({ id }) => id);
});
afterAll(async () => {
  await db.end();
  await postgres.stop();
});

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  Alias?: string;
  Plans?: Plan[];
}

let plans: Plan[] = [];
const flat = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flat)];
/** How jobs are found. */
const waysToJobs = () =>
  plans
    .flatMap(flat)
    .filter((node) => node['Index Name']?.startsWith('jobs_') || node['Relation Name'] === 'jobs')
    .filter((node) => node['Node Type'] !== 'ModifyTable')
    .map((node) => node['Index Name'] ?? node['Node Type']);

/** Runs statements, and records how: with plans for any values, as they are kept. */
const explaining: Queryable = {
  async query<Row extends object>(text: string, values: unknown[] = []) {
    const [row] = await db.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`,
    );
    plans.push(row!['QUERY PLAN'][0].Plan);
    return db.query<Row & Record<string, unknown>>(text, values) as Promise<Row[]>;
  },
};

describe('jobs are found by their ids, whatever the statistics say of the queue', () => {
  let leases: JobLeases;
  let store: JobStore;
  beforeAll(() => {
    const hints = { changed: () => undefined };
    leases = createJobLeases(explaining, { leaseMs: 30_000, backoffMs: 1_000, hints });
    store = createJobStore(explaining, { maxAttempts: 3, sweepAfterMs: 300, lists: explaining, hints });
  });
  beforeEach(() => (plans = []));
  afterEach(() => {
    expect(waysToJobs().length).toBeGreaterThan(0);
    expect(new Set(waysToJobs())).toEqual(new Set(['jobs_pkey']));
  });
  const attempts = (from: number, to: number) => ids.slice(from, to).map((id) => ({ id, attempt: 1 }));

  it('to claim them', async () => {
    const claims = ids.slice(0, 50).map((id) => ({ id, claim: randomUUID() }));
    const { jobs } = await leases.claim(claims, 'worker-1');
    expect(jobs).toHaveLength(50);
  });

  it('to renew their leases', async () => {
    expect(await leases.renew(attempts(0, 50))).toHaveLength(50);
  });

  it('to complete them', async () => {
    const completions = attempts(0, 40).map((attempt) => ({ ...attempt, result: {} }));
    expect(await leases.complete(completions)).toHaveLength(40);
  });

  it('to fail one', async () => {
    const failure = { error: 'no', permanent: true, broke: false };
    expect(await leases.fail(ids[45]!, 1, failure)).toBe(true);
  });

  it('to cancel one', async () => {
    expect(await store.cancel(ids[100]!, null)).toBe(true);
  });

  it('to retry one', async () => {
    expect(await store.retry(ids[45]!, null)).toBeDefined();
  });

  it('to delete one', async () => {
    expect(await store.remove(ids[100]!, null)).toBe(true);
  });

  it('to claim them with a plan that was made while there were none', async () => {
    await postgres.own('TRUNCATE jobs CASCADE');
    const { jobs } = await leases.claim([{ id: ids[0]!, claim: randomUUID() }], 'worker-1');
    expect(jobs).toEqual([]);
  });
});
