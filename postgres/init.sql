-- Run once by the postgres image, in the new database, as its administrator: creates the roles, with passwords from files.
\set task_api_password `cat /run/secrets/task_api_password`
\set user_api_password `cat /run/secrets/user_api_password`
\set metrics_password `cat /run/secrets/metrics_password`
SELECT
  set_config('millrace.task_api_password', :'task_api_password', false) IS NOT NULL AS task_api,
  set_config('millrace.user_api_password', :'user_api_password', false) IS NOT NULL AS user_api,
  set_config('millrace.metrics_password', :'metrics_password', false) IS NOT NULL AS metrics;
\ir /etc/millrace/roles.sql
