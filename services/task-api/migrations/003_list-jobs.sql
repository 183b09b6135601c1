-- Up Migration

-- Locks: SHARE on jobs, for about three seconds a million rows. Jobs can be read meanwhile; whoever writes one waits.

-- Every list of jobs is a merge of ranges of this one index, each in the order of the ids: it costs what the page has rows.
CREATE INDEX jobs_list ON jobs (kind, status, id DESC NULLS LAST);

-- Who has waited for longest, and what still has to wait for its time (or for another attempt).
CREATE INDEX jobs_queued ON jobs (greatest(created_at, run_at)) WHERE status = 'queued';
-- What was accepted for a later time. Other jobs are never in it, and do not pay for it.
CREATE INDEX jobs_scheduled ON jobs (run_at) INCLUDE (kind, input_bytes)
  WHERE status = 'queued' AND attempt = 0 AND run_at > created_at;
