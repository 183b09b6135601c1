-- Up Migration

CREATE TABLE tasks (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  title text NOT NULL,
  description text NOT NULL DEFAULT '',
  priority text NOT NULL DEFAULT 'medium' CHECK (priority IN ('low', 'medium', 'high')),
  completed_at timestamptz,
  processed_by_pod text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- Work for the queue. This row is the truth; what lies in Redis only says that it is due.
CREATE TABLE jobs (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  kind text NOT NULL CHECK (kind IN ('task', 'analyze', 'image')),
  task_id uuid UNIQUE REFERENCES tasks ON DELETE CASCADE,
  payload jsonb NOT NULL,
  priority text NOT NULL CHECK (priority IN ('low', 'medium', 'high')),
  status text NOT NULL DEFAULT 'queued'
    CHECK (status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')),
  -- Not to be begun earlier.
  run_at timestamptz NOT NULL,
  -- When the sweeper is to publish the job (again): a queued one that nobody has claimed by then, a processing one whose
  -- lease ends then. NULL: it has ended.
  due_at timestamptz,
  -- Counts the claims. Only the holder of the latest may report on the job.
  attempt integer NOT NULL DEFAULT 0,
  -- The latest claim's name: a worker that did not hear the answer may ask again, and it is the same attempt.
  claim uuid,
  max_attempts integer NOT NULL,
  progress_done integer NOT NULL DEFAULT 0,
  progress_total integer NOT NULL,
  result jsonb,
  error text,
  processed_by_pod text,
  request_id text NOT NULL,
  traceparent text,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz
);

CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_by_status ON jobs (status, id DESC);
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- The picture of an image job, until the job is completed or cancelled.
CREATE TABLE job_inputs (
  job_id uuid PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
  bytes bytea NOT NULL
);
-- Pictures are compressed already.
ALTER TABLE job_inputs ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Every try of a worker, for the job's history.
CREATE TABLE job_attempts (
  job_id uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
  attempt integer NOT NULL,
  pod text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  outcome text CHECK (outcome IN ('completed', 'failed', 'lost')),
  error text,
  PRIMARY KEY (job_id, attempt)
);
-- Whatever happens, a job takes effect once.
CREATE UNIQUE INDEX one_effect_a_job ON job_attempts (job_id) WHERE outcome = 'completed';

-- What was answered to a request that named itself, so that repeating it repeats the answer and not the work.
CREATE TABLE idempotency_keys (
  key text PRIMARY KEY,
  -- A hash of what was asked for: the same key for something else is a mistake.
  fingerprint text NOT NULL,
  answer jsonb,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- A task is done when somebody says so, be it a person or a worker; until then it is as far as its job, if it has one.
CREATE FUNCTION task_status(completed_at timestamptz, job_status text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
  WHEN completed_at IS NOT NULL THEN 'completed'
  WHEN job_status IS NULL OR job_status = 'completed' THEN 'open'
  ELSE job_status
END;
