-- Up Migration

-- The role that runs the service owns nothing (postgres/roles.sql), and merging new texts into the index takes its owner.
CREATE FUNCTION merge_task_texts() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
AS $$ SELECT gin_clean_pending_list('task_texts_grams') $$;
