-- Up Migration

CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  name text NOT NULL,
  email text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- One user an address, whatever its case. The index decides, so that twenty registrations at once leave one.
CREATE UNIQUE INDEX users_email_key ON users (lower(email));
