-- Up Migration

-- Locks: none that matters; a new table.

-- API keys, for scripts. Of the key itself there is only a hash, and its beginning, by which its owner recognizes it.
CREATE TABLE api_keys (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  -- Issuer and subject of whoever created it, as in tasks.
  owner text NOT NULL,
  name text NOT NULL,
  prefix text NOT NULL,
  hash text NOT NULL UNIQUE,
  scopes text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX api_keys_owned ON api_keys (owner, id);
