-- Up Migration

-- Locks: ACCESS EXCLUSIVE on tasks and jobs, to add a column (an instant) and to read the rows once for the empty indexes (about a tenth of
-- a second a million).

-- To whom a row belongs: issuer and subject of the access token. NULL: made with AUTH_MODE=off, or by a version before.
ALTER TABLE tasks ADD COLUMN owner text;
ALTER TABLE jobs ADD COLUMN owner text;

-- The lists of one owner, as tasks_list and jobs_list are those of everyone. Rows without an owner are not in them and do not pay for them.
CREATE INDEX tasks_owned ON tasks (owner, status, priority, id DESC NULLS LAST) WHERE owner IS NOT NULL;
CREATE INDEX jobs_owned ON jobs (owner, kind, status, id DESC NULLS LAST) WHERE owner IS NOT NULL;
