-- Permissions in the shared PostgreSQL: each service that owns data has its own role and schema, and sees nothing else. Run by an
-- administrator in the product's database, any number of times: existing objects are kept, passwords are set again. The passwords are
-- session settings, so that this file contains none:
--   SELECT set_config('millrace.task_api_password', '…', false), set_config('millrace.user_api_password', '…', false),
--     set_config('millrace.metrics_password', '…', false);

REVOKE ALL ON SCHEMA public FROM PUBLIC;

DO $roles$
DECLARE
  owner record;
BEGIN
  FOR owner IN
    SELECT * FROM (VALUES ('task_api', 'tasks'), ('user_api', 'users')) AS owners (role, schema)
  LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = owner.role) THEN
      EXECUTE format('CREATE ROLE %I LOGIN', owner.role);
    END IF;
    EXECUTE format(
      'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L',
      owner.role,
      current_setting('millrace.' || owner.role || '_password')
    );
    -- The service is told what is wrong with its statements, and logs it without values; PostgreSQL's messages quote them. So its own log has
    -- only what happens to the server: in this order, errors of statements come before LOG.
    EXECUTE format('ALTER ROLE %I SET log_min_messages = log', owner.role);
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = %I', owner.role, current_database(), owner.schema);
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', owner.schema, owner.role);
    EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), owner.role);
  END LOOP;
END
$roles$;

-- For the exporter of metrics (docs/OBSERVABILITY.md): it reads statistics and settings, and no table.
DO $metrics$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'metrics') THEN
    CREATE ROLE metrics LOGIN;
  END IF;
  EXECUTE format(
    'ALTER ROLE metrics LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 10 PASSWORD %L',
    current_setting('millrace.metrics_password')
  );
  GRANT pg_monitor TO metrics;
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO metrics', current_database());
END
$metrics$;
