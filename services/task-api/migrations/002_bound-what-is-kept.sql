-- Up Migration

-- A task keeps the last status of its job, also when the job is no more. Its own status follows from that, in the row itself.
ALTER TABLE tasks ADD COLUMN job_status text;
UPDATE tasks SET job_status = jobs.status FROM jobs WHERE jobs.task_id = tasks.id;
ALTER TABLE tasks ADD COLUMN status text NOT NULL GENERATED ALWAYS AS (task_status(completed_at, job_status)) STORED;

ALTER TABLE jobs
  -- What the input takes, as long as it is kept: the text in the payload, or the picture.
  ADD COLUMN input_bytes integer NOT NULL DEFAULT 0,
  -- It failed because of its input: another attempt would end the same way.
  ADD COLUMN refused boolean NOT NULL DEFAULT false,
  -- When the sweeper last published it. The longer it has waited since, the later the next time.
  ADD COLUMN published_at timestamptz;
-- What an ended job takes with its attempts and indexes, as measured, and its result.
ALTER TABLE jobs ADD COLUMN history_bytes integer NOT NULL
  GENERATED ALWAYS AS (750 + 250 * attempt + coalesce(octet_length(result::text), 0)) STORED;
DROP INDEX jobs_finished;
CREATE INDEX jobs_finished ON jobs (finished_at) INCLUDE (history_bytes) WHERE finished_at IS NOT NULL;

UPDATE jobs
   SET input_bytes = octet_length(payload::text)
                     + coalesce((SELECT octet_length(bytes) FROM job_inputs WHERE job_id = jobs.id), 0)
 WHERE status IN ('queued', 'processing', 'failed');

-- The worker's own workers broke down over the input in this attempt, which may be why.
ALTER TABLE job_attempts ADD COLUMN broke boolean NOT NULL DEFAULT false;

-- Times that were taken before they had a bound.
UPDATE jobs SET run_at = now() + interval '30 days', due_at = now() + interval '30 days'
 WHERE status = 'queued' AND run_at > now() + interval '30 days';

-- The inputs that are only kept for a retry by hand.
CREATE INDEX jobs_failed_inputs ON jobs (finished_at) INCLUDE (input_bytes)
  WHERE status = 'failed' AND kind <> 'task' AND input_bytes > 0;

-- Could another attempt still need the job's input? A task's is its title, which the job is called by as long as it is kept.
CREATE FUNCTION keeps_input(status text, kind text, refused boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN kind = 'task' OR status IN ('queued', 'processing') OR status = 'failed' AND NOT refused;

-- What follows from a job's status, whoever changes it. First in the job's own row,
CREATE FUNCTION forget_payload() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.payload := '{}';
  NEW.input_bytes := 0;
  RETURN NEW;
END $$;
CREATE TRIGGER forget_payload BEFORE UPDATE OF status ON jobs
  FOR EACH ROW WHEN (NEW.status <> OLD.status AND NOT keeps_input(NEW.status, NEW.kind, NEW.refused))
  EXECUTE FUNCTION forget_payload();

-- then in those of its task and its picture.
CREATE FUNCTION follow_job() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.task_id IS NOT NULL THEN
    UPDATE tasks SET job_status = NEW.status WHERE id = NEW.task_id;
  END IF;
  IF NOT keeps_input(NEW.status, NEW.kind, NEW.refused) THEN
    DELETE FROM job_inputs WHERE job_id = NEW.id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER follow_new_job AFTER INSERT ON jobs
  FOR EACH ROW WHEN (NEW.task_id IS NOT NULL) EXECUTE FUNCTION follow_job();
CREATE TRIGGER follow_job AFTER UPDATE OF status ON jobs
  FOR EACH ROW WHEN (NEW.status <> OLD.status) EXECUTE FUNCTION follow_job();

-- Pictures that were kept for jobs that can no longer use them.
UPDATE jobs SET refused = true, input_bytes = 0, payload = '{}'
 WHERE status = 'failed' AND kind = 'image' AND attempt < max_attempts;
DELETE FROM job_inputs USING jobs WHERE jobs.id = job_id AND NOT keeps_input(status, kind, refused);
