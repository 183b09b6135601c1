import { describeStatement } from './statement-span.js';

it.each([
  ['SELECT bytes FROM job_inputs WHERE job_id = $1', 'SELECT job_inputs'],
  ["SELECT '[' || x FROM (SELECT * FROM tasks) AS listed", 'SELECT tasks'],
  ['SELECT uuidv7() AS id', 'SELECT'],
  ['BEGIN', 'BEGIN'],
  ['INSERT INTO tasks (title) VALUES ($1) RETURNING *', 'INSERT tasks'],
  ['DELETE FROM jobs WHERE id = $1', 'DELETE jobs'],
  [
    `WITH due AS (SELECT id FROM jobs FOR UPDATE SKIP LOCKED), job AS (UPDATE jobs SET status = 'queued' FROM due)
     UPDATE job_attempts a SET outcome = 'lost'`,
    'UPDATE jobs UPDATE job_attempts',
  ],
  [
    'WITH held AS (SELECT * FROM jobs FOR UPDATE OF jobs) INSERT INTO job_attempts SELECT id',
    'INSERT job_attempts',
  ],
  [
    'INSERT INTO idempotency_keys AS known (key) VALUES ($1) ON CONFLICT (key) DO UPDATE SET fingerprint = known.fingerprint',
    'INSERT idempotency_keys',
  ],
])('names a statement after what it does to which tables: %s', (text, name) => {
  expect(describeStatement(text)).toMatchObject({ name, kind: 'client' });
});
