-- Up Migration

-- Locks: ACCESS EXCLUSIVE on jobs, for about a second a million rows, while they are counted for the first time. Taken at once in
-- its full strength, as making a lock stronger later can end in a deadlock.
LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE;

-- jobs_list does its work.
DROP INDEX jobs_by_status;

-- What job_counts has to add up to.
CREATE VIEW counted_jobs AS
  SELECT count(*) FILTER (WHERE status = 'queued') AS queued,
         count(*) FILTER (WHERE status = 'processing') AS processing,
         count(*) FILTER (WHERE status = 'completed') AS completed,
         count(*) FILTER (WHERE status = 'failed') AS failed,
         count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
         count(*) FILTER (WHERE status IN ('queued', 'processing') AND kind = 'image') AS unfinished_images,
         coalesce(sum(input_bytes) FILTER (WHERE status IN ('queued', 'processing')), 0) AS unfinished_bytes,
         coalesce(sum(input_bytes) FILTER (WHERE status = 'failed' AND kind <> 'task'), 0) AS failed_bytes,
         coalesce(sum(history_bytes) FILTER (WHERE finished_at IS NOT NULL), 0) AS history_bytes
    FROM jobs;

-- The same, kept by whoever changes jobs, in the same transaction: the sums over all rows. A writer takes any row that nobody else has
-- locked, and adds one when there is none. So nobody waits for it, and there are as many rows as there were ever writers at once.
CREATE TABLE job_counts (
  shard integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  queued bigint NOT NULL,
  processing bigint NOT NULL,
  completed bigint NOT NULL,
  failed bigint NOT NULL,
  cancelled bigint NOT NULL,
  unfinished_images bigint NOT NULL,
  -- The inputs of jobs that have not ended,
  unfinished_bytes bigint NOT NULL,
  -- and those of failed ones, which are only kept for a retry by hand.
  failed_bytes bigint NOT NULL,
  history_bytes bigint NOT NULL
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- How many jobs were completed in each of the last seconds: a ring of 64 for every shard, written by whoever holds that.
CREATE TABLE job_completions (
  shard integer NOT NULL,
  slot smallint NOT NULL,
  second timestamptz NOT NULL,
  completed bigint NOT NULL,
  PRIMARY KEY (shard, slot)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE FUNCTION count_jobs() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  change job_counts := ROW (0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  removed job_counts;
  own integer;
BEGIN
  IF TG_OP <> 'DELETE' THEN
    SELECT 0,
           count(*) FILTER (WHERE status = 'queued'),
           count(*) FILTER (WHERE status = 'processing'),
           count(*) FILTER (WHERE status = 'completed'),
           count(*) FILTER (WHERE status = 'failed'),
           count(*) FILTER (WHERE status = 'cancelled'),
           count(*) FILTER (WHERE status IN ('queued', 'processing') AND kind = 'image'),
           coalesce(sum(input_bytes) FILTER (WHERE status IN ('queued', 'processing')), 0),
           coalesce(sum(input_bytes) FILTER (WHERE status = 'failed' AND kind <> 'task'), 0),
           coalesce(sum(history_bytes) FILTER (WHERE finished_at IS NOT NULL), 0)
      INTO change FROM new_jobs;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    SELECT 0,
           count(*) FILTER (WHERE status = 'queued'),
           count(*) FILTER (WHERE status = 'processing'),
           count(*) FILTER (WHERE status = 'completed'),
           count(*) FILTER (WHERE status = 'failed'),
           count(*) FILTER (WHERE status = 'cancelled'),
           count(*) FILTER (WHERE status IN ('queued', 'processing') AND kind = 'image'),
           coalesce(sum(input_bytes) FILTER (WHERE status IN ('queued', 'processing')), 0),
           coalesce(sum(input_bytes) FILTER (WHERE status = 'failed' AND kind <> 'task'), 0),
           coalesce(sum(history_bytes) FILTER (WHERE finished_at IS NOT NULL), 0)
      INTO removed FROM old_jobs;
    change := ROW (0, change.queued - removed.queued, change.processing - removed.processing, change.completed - removed.completed, change.failed - removed.failed, change.cancelled - removed.cancelled, change.unfinished_images - removed.unfinished_images, change.unfinished_bytes - removed.unfinished_bytes, change.failed_bytes - removed.failed_bytes, change.history_bytes - removed.history_bytes);
  END IF;
  -- A lease was renewed, say.
  IF change = ROW (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)::job_counts THEN
    RETURN NULL;
  END IF;

  UPDATE job_counts AS c
     SET queued = c.queued + change.queued,
         processing = c.processing + change.processing,
         completed = c.completed + change.completed,
         failed = c.failed + change.failed,
         cancelled = c.cancelled + change.cancelled,
         unfinished_images = c.unfinished_images + change.unfinished_images,
         unfinished_bytes = c.unfinished_bytes + change.unfinished_bytes,
         failed_bytes = c.failed_bytes + change.failed_bytes,
         history_bytes = c.history_bytes + change.history_bytes
   WHERE shard = (SELECT shard FROM job_counts LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
   RETURNING shard INTO own;
  IF own IS NULL THEN
    INSERT INTO job_counts (queued, processing, completed, failed, cancelled, unfinished_images, unfinished_bytes, failed_bytes, history_bytes)
    VALUES (change.queued, change.processing, change.completed, change.failed, change.cancelled, change.unfinished_images, change.unfinished_bytes, change.failed_bytes, change.history_bytes)
    RETURNING shard INTO own;
  END IF;

  IF TG_OP = 'UPDATE' AND change.completed > 0 THEN
    INSERT INTO job_completions AS c (shard, slot, second, completed)
    VALUES (own, extract(epoch FROM now())::bigint % 64, date_trunc('second', now()), change.completed)
    ON CONFLICT (shard, slot) DO UPDATE
       SET completed = excluded.completed + CASE WHEN c.second = excluded.second THEN c.completed ELSE 0 END,
           second = excluded.second;
  END IF;
  RETURN NULL;
END $$;

-- For rows that were written without triggers, as by a restore of single tables.
CREATE FUNCTION recount_jobs() RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  LOCK TABLE jobs IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM job_counts;
  INSERT INTO job_counts (queued, processing, completed, failed, cancelled, unfinished_images, unfinished_bytes, failed_bytes, history_bytes) SELECT * FROM counted_jobs;
END $$;
SELECT recount_jobs();

CREATE FUNCTION forget_counts() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  DELETE FROM job_counts;
  DELETE FROM job_completions;
  RETURN NULL;
END $$;

-- Triggers with transition tables fire on every UPDATE: they cannot be limited to columns.
CREATE TRIGGER count_new_jobs AFTER INSERT ON jobs
  REFERENCING NEW TABLE AS new_jobs FOR EACH STATEMENT EXECUTE FUNCTION count_jobs();
CREATE TRIGGER count_changed_jobs AFTER UPDATE ON jobs
  REFERENCING OLD TABLE AS old_jobs NEW TABLE AS new_jobs FOR EACH STATEMENT EXECUTE FUNCTION count_jobs();
CREATE TRIGGER count_deleted_jobs AFTER DELETE ON jobs
  REFERENCING OLD TABLE AS old_jobs FOR EACH STATEMENT EXECUTE FUNCTION count_jobs();
CREATE TRIGGER count_no_jobs AFTER TRUNCATE ON jobs FOR EACH STATEMENT EXECUTE FUNCTION forget_counts();

-- Tasks and pictures follow their jobs, now a whole statement's at once. A task that was written with its job's status is left alone.
DROP TRIGGER follow_new_job ON jobs;
DROP TRIGGER follow_job ON jobs;
DROP FUNCTION follow_job();
-- The plan is kept, whatever number of rows it was made for: the tasks of a few jobs are looked up, and never all read.
CREATE FUNCTION follow_jobs() RETURNS trigger LANGUAGE plpgsql
  SET search_path FROM CURRENT SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  UPDATE tasks SET job_status = job.status
    FROM new_jobs AS job
   WHERE tasks.id = job.task_id AND tasks.job_status IS DISTINCT FROM job.status;
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM job_inputs
     USING new_jobs AS job
     WHERE job_id = job.id AND job.kind = 'image' AND NOT keeps_input(job.status, job.kind, job.refused);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER follow_new_jobs AFTER INSERT ON jobs
  REFERENCING NEW TABLE AS new_jobs FOR EACH STATEMENT EXECUTE FUNCTION follow_jobs();
CREATE TRIGGER follow_changed_jobs AFTER UPDATE ON jobs
  REFERENCING NEW TABLE AS new_jobs FOR EACH STATEMENT EXECUTE FUNCTION follow_jobs();
