-- Up Migration

-- What tells one address from another: in lower case, with the domain as the DNS has it. PostgreSQL cannot work that out,
-- so the service does. Rows from before have none, nor do those that a replica of the version before still writes: their
-- addresses are plain ASCII.
ALTER TABLE users ADD COLUMN mailbox text;

-- One user a mailbox. The index decides, so that twenty registrations at once leave one.
CREATE UNIQUE INDEX users_mailbox_key ON users (coalesce(mailbox, lower(email)));
DROP INDEX users_email_key;
