import request from 'supertest';
import { eventually } from '../../../../tests/support/eventually.js';
import { silentLogger } from '../../../../tests/support/service-basics.js';
import { useTaskApi } from '../../../../tests/support/task-api.js';
import { deleteEndedJobs, dropFailedInputs, historyBytes, startRetention } from './retention.js';

const DAY_S = 86_400;

const taskApi = useTaskApi();

const query = (text: string, values?: unknown[]) => taskApi.postgres.db.query(text, values);
const options = () => ({
  db: taskApi.postgres.db,
  jobTtlSeconds: 30 * DAY_S,
  jobHistoryBytes: 1024 ** 2,
  failedInputBytes: 5_000,
});
const count = async (what: string): Promise<number> =>
  ((await query(`SELECT count(*)::int AS count FROM ${what}`)) as { count: number }[])[0]!.count;

/** Tasks whose jobs finished `days` ago, each after two attempts. */
async function addEnded(jobs: number, days: number, status = 'failed'): Promise<void> {
  await query(
    `WITH task AS (INSERT INTO tasks (title) SELECT 'old' FROM generate_series(1, $1) RETURNING id),
     job AS (
       INSERT INTO jobs (task_id, kind, payload, priority, status, run_at, attempt, max_attempts, progress_total,
                         request_id, finished_at)
       SELECT id, 'task', '{"task": "old"}', 'low', $2, now(), 2, 2, 1, 'r', now() - $3 * interval '1 day'
         FROM task
       RETURNING id)
     INSERT INTO job_attempts (job_id, attempt, pod, outcome)
     SELECT id, attempt, 'worker-1', 'failed' FROM job, generate_series(1, 2) AS attempt`,
    [jobs, status, days],
  );
}

/** Image jobs that ran out of attempts `hours` ago, with images of 1,000 bytes. */
async function addFailedImages(jobs: number, hours: number): Promise<void> {
  await query(
    `WITH job AS (
       INSERT INTO jobs (kind, payload, priority, status, run_at, max_attempts, progress_total, request_id, finished_at, input_bytes)
       SELECT 'image', '{"type": "image/png"}', 'low', 'failed', now(), 1, 1, 'r', now() - $2 * interval '1 hour', 1000
         FROM generate_series(1, $1)
       RETURNING id)
     INSERT INTO job_inputs (job_id, bytes) SELECT id, '' FROM job`,
    [jobs, hours],
  );
}

describe('ended jobs', () => {
  it('are deleted with their attempts when they are old enough, and their tasks stay as they were', async () => {
    await addEnded(3, 31);
    await addEnded(2, 29, 'cancelled');
    await request(taskApi.app).post('/api/add/waiting').expect(202);

    await deleteEndedJobs(options());
    expect(await count('jobs')).toBe(3);
    expect(await count('job_attempts')).toBe(4);
    expect(await count(`tasks WHERE status = 'failed'`)).toBe(3);
    expect(await count(`tasks WHERE status = 'cancelled'`)).toBe(2);
  });

  it('are deleted in batches, each of which starts where the previous one ended', async () => {
    await addEnded(450, 31);
    const first = await deleteEndedJobs(options());
    expect(await count('jobs')).toBe(250);
    const second = await deleteEndedJobs(options(), { since: first.until! });
    expect(await count('jobs')).toBe(50);
    const third = await deleteEndedJobs(options(), { since: second.until! });
    expect(await count('jobs')).toBe(0);
    expect((await deleteEndedJobs(options(), { since: third.until! })).until).toBeUndefined();
  });

  it('are deleted by one replica at a time', async () => {
    await addEnded(450, 31);
    await taskApi.postgres.db.transaction(async (tx) => {
      await deleteEndedJobs({ ...options(), db: tx });
      expect(await deleteEndedJobs(options())).toEqual({ until: undefined, bytes: 0 });
      expect(await dropFailedInputs(options())).toBe(false);
    });
    expect(await count('jobs')).toBe(250);
  });

  it('are skipped while they are locked', async () => {
    await addEnded(3, 31);
    await taskApi.postgres.db.transaction(async (tx) => {
      await tx.query('SELECT FROM jobs LIMIT 1 FOR UPDATE');
      await deleteEndedJobs(options());
      expect(await count('jobs')).toBe(1);
    });
  });
});

describe('ended jobs that take too much space', () => {
  it('are deleted early, the oldest first, until the rest fit', async () => {
    await addEnded(600, 5);
    await addEnded(600, 1);
    await query(`UPDATE jobs SET result = to_jsonb(repeat('x', 1000))`);
    expect(await historyBytes(taskApi.postgres.db)).toBe(1_200 * (750 + 2 * 250 + 1_002));
    const limit = 700 * 2_252;
    const stop = startRetention({
      ...options(),
      jobHistoryBytes: limit,
      intervalMs: 20,
      logger: silentLogger(),
    });
    try {
      await eventually(async () =>
        expect(await historyBytes(taskApi.postgres.db)).toBeLessThanOrEqual(limit),
      );
    } finally {
      await stop();
    }
    // Whole batches of 200.
    expect(await count('jobs')).toBe(600);
    expect(await count(`jobs WHERE finished_at > now() - interval '2 days'`)).toBe(600);
  });
});

describe('the images of failed jobs', () => {
  it('are deleted after a day, but the jobs stay', async () => {
    await addFailedImages(2, 25);
    await addFailedImages(3, 23);
    expect(await dropFailedInputs(options())).toBe(false);
    expect(await count('job_inputs')).toBe(3);
    expect(await count(`jobs WHERE payload = '{}' AND input_bytes = 0`)).toBe(2);
    expect(await count('jobs')).toBe(5);
  });

  it('are deleted earlier, the oldest first, when they exceed their share', async () => {
    await addFailedImages(10, 2);
    await addFailedImages(3, 1);
    await dropFailedInputs(options());
    expect(await count('job_inputs')).toBe(5);
    expect(
      await count(`job_inputs JOIN jobs ON id = job_id AND finished_at > now() - interval '90 min'`),
    ).toBe(3);
  });

  it('are deleted ten at a time', async () => {
    await addFailedImages(12, 25);
    expect(await dropFailedInputs(options())).toBe(true);
    expect(await count('job_inputs')).toBe(2);
    expect(await dropFailedInputs(options())).toBe(false);
    expect(await count('job_inputs')).toBe(0);
  });

  it('stay when the job is retried at the same moment', async () => {
    await addFailedImages(1, 25);
    let dropped: Promise<boolean>;
    await taskApi.postgres.db.transaction(async (tx) => {
      await tx.query(`UPDATE jobs SET status = 'queued', finished_at = NULL, due_at = now()`);
      dropped = dropFailedInputs(options());
      await eventually(async () =>
        expect(await count(`pg_stat_activity WHERE wait_event_type = 'Lock'`)).toBe(1),
      );
    });
    expect(await dropped!).toBe(false);
    expect(await count('job_inputs')).toBe(1);
  });
});

it('deletes everything in the background, including old idempotency keys, until it is stopped', async () => {
  await addEnded(450, 31);
  await addFailedImages(25, 25);
  await query(
    `INSERT INTO idempotency_keys (key, fingerprint, created_at) VALUES ('old', '', now() - interval '25 hours')`,
  );
  const stop = startRetention({ ...options(), intervalMs: 20, logger: silentLogger() });
  try {
    await eventually(async () => {
      expect([await count('jobs'), await count('job_inputs'), await count('idempotency_keys')]).toEqual([
        25, 0, 0,
      ]);
    });
    await taskApi.postgres.link.cut();
    await taskApi.postgres.link.mend();
    await eventually(() => addEnded(1, 31));
    await eventually(async () => expect(await count('jobs')).toBe(25));
  } finally {
    await stop();
  }
  await addEnded(1, 31);
  expect(await count('jobs')).toBe(26);
});

it('stops after the batch of old idempotency keys that it is deleting, however many are left', async () => {
  await query(
    `INSERT INTO idempotency_keys (key, fingerprint, created_at)
     SELECT n, '', now() - interval '25 hours' FROM generate_series(1, 50000) AS n`,
  );
  const stop = startRetention({ ...options(), intervalMs: 1, logger: silentLogger() });
  await eventually(async () => expect(await count('idempotency_keys')).toBeLessThan(50_000));
  await stop();
  expect(await count('idempotency_keys')).toBeGreaterThan(0);
});

it('deletes API keys that expired more than 30 days ago, whoever had them', async () => {
  await query(
    `INSERT INTO api_keys (owner, name, prefix, hash, scopes, expires_at)
     SELECT 'issuer ada', name, '', name, '{}', now() + days * interval '1 day'
       FROM (VALUES ('long ago', -31), ('lately', -29), ('valid', 1)) AS key (name, days)`,
  );
  const stop = startRetention({ ...options(), intervalMs: 1, logger: silentLogger() });
  try {
    await eventually(async () => expect(await count(`api_keys WHERE name = 'long ago'`)).toBe(0));
    expect(await count('api_keys')).toBe(2);
  } finally {
    await stop();
  }
});
