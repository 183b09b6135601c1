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
  kind text NOT NULL CHECK (kind IN ('task')),
  task_id uuid UNIQUE REFERENCES tasks ON DELETE CASCADE,
  payload jsonb NOT NULL,
  priority text NOT NULL DEFAULT 'medium' CHECK (priority IN ('low', 'medium', 'high')),
  status text NOT NULL DEFAULT 'queued'
    CHECK (status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')),
  -- Counts the claims. Only the holder of the latest may finish the job.
  attempt integer NOT NULL DEFAULT 0,
  max_attempts integer NOT NULL,
  -- When the sweeper is to publish the job (again): a queued one that nobody has claimed by then, a processing one whose
  -- lease ends then. NULL: it has ended.
  due_at timestamptz,
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

-- A task is done when somebody says so, be it a person or a worker; until then it is as far as its job, if it has one.
CREATE FUNCTION task_status(completed_at timestamptz, job_status text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
  WHEN completed_at IS NOT NULL THEN 'completed'
  WHEN job_status IS NULL OR job_status = 'completed' THEN 'open'
  ELSE job_status
END;
