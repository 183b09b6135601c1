-- Up Migration

-- Locks: SHARE UPDATE EXCLUSIVE on the index, for an instant.

-- An effect is what a worker does to an image. What is unique here is the attempt that completed a job.
ALTER INDEX one_effect_a_job RENAME TO one_completed_attempt_a_job;
