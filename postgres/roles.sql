-- Permissions in the shared PostgreSQL: each service that owns data has its own schema, and sees no other. Two roles belong to it: one owns the
-- schema and migrates it, the other runs the service, and may read and write rows but change no table. Run by an administrator in the product's
-- database, any number of times: existing objects are kept, passwords are set again. The passwords are session settings, so that this file
-- contains none:
--   SELECT set_config('millrace.task_api_password', '…', false), set_config('millrace.task_api_migrate_password', '…', false), …
--     set_config('millrace.metrics_password', '…', false);

REVOKE ALL ON SCHEMA public FROM PUBLIC;

DO $roles$
DECLARE
  service record;
  role text;
BEGIN
  EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  FOR service IN
    SELECT * FROM (VALUES ('task_api', 'tasks'), ('user_api', 'users')) AS services (runs, schema)
  LOOP
    FOREACH role IN ARRAY ARRAY[service.runs, service.runs || '_migrate'] LOOP
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
        EXECUTE format('CREATE ROLE %I LOGIN', role);
      END IF;
      EXECUTE format(
        'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L',
        role,
        current_setting('millrace.' || role || '_password')
      );
      -- The service learns what is wrong with its statements, and logs that without values; PostgreSQL's messages quote them. So its own log has
-- only what happens to the server: with this level, errors of statements are left out.
      EXECUTE format('ALTER ROLE %I SET log_min_messages = log', role);
      EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = %I', role, current_database(), service.schema);
      EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role);
    END LOOP;
    role := service.runs || '_migrate';
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', service.schema, role);
    -- In earlier versions, the service itself owned everything.
    EXECUTE format('REASSIGN OWNED BY %I TO %I', service.runs, role);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', service.schema, service.runs);
    EXECUTE format(
      'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I', service.schema, service.runs
    );
    EXECUTE format(
      'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I',
      role, service.schema, service.runs
    );
    -- Only the other role may record applied migrations. If the table does not exist yet, its creator sets these privileges
    -- (packages/chassis/src/stores/postgres/migrate.ts).
    IF to_regclass(format('%I.migrations', service.schema)) IS NOT NULL THEN
      EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %I.migrations FROM %I', service.schema, service.runs);
    END IF;
  END LOOP;
END
$roles$;

-- For the metrics exporter (docs/OBSERVABILITY.md): it reads statistics and settings, but no table.
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
