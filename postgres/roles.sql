-- Who may do what in the one PostgreSQL: each service that owns data has a role and a schema of its own and sees nothing else.
-- Run by an administrator in the product's database, as often as wanted: what is there is kept, passwords are set anew.
-- The passwords come as settings of the session, so that this file holds none:
--   SELECT set_config('millrace.task_api_password', '…', false), set_config('millrace.user_api_password', '…', false);

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
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = %I', owner.role, current_database(), owner.schema);
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', owner.schema, owner.role);
    EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), owner.role);
  END LOOP;
END
$roles$;
