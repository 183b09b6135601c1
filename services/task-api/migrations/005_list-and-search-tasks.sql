-- Up Migration

-- Locks: SHARE on tasks, for about three seconds a million rows (tasks can be read meanwhile; whoever writes one waits), and then
-- SHARE ROW EXCLUSIVE for an instant.
LOCK TABLE tasks IN SHARE ROW EXCLUSIVE MODE;

-- Every list with a filter is a merge of ranges of this one index, each in the order of the ids: it costs what the page has rows.
CREATE INDEX tasks_list ON tasks (status, priority, id DESC NULLS LAST);

-- How text is compared in a search: without case, and composed (NFC). The collation is PostgreSQL's own, the same on every system.
CREATE FUNCTION folded(text text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(normalize(translate(text, E'\x1f', ' '), NFC) COLLATE pg_c_utf8);

-- What is searched of a task. U+001F parts the two, and is in neither.
CREATE FUNCTION searched_text(title text, description text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN folded(title) || CASE WHEN description = '' THEN '' ELSE E'\x1f' || folded(description) END;

-- All that has three characters in a row: every part of a text that is as long, or is its beginning, begins one of them. (pg_trgm
-- does not serve: it passes over what is no letter to the server's locale, as Greek is to "C", and needs an administrator.)
CREATE FUNCTION grams(text text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN array_to_tsvector(array_remove(
  string_to_array(regexp_replace(text, '(...)', E'\\1\x1f', 'g'), E'\x1f')
  || string_to_array(regexp_replace(substr(text, 2), '(...)', E'\\1\x1f', 'g'), E'\x1f')
  || string_to_array(regexp_replace(substr(text, 3), '(...)', E'\\1\x1f', 'g'), E'\x1f'),
  ''));

-- What the grams of a text must match for it to contain `part`, which is folded.
CREATE FUNCTION grams_of(part text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT string_agg(DISTINCT
                 '''' || replace(replace(substr(part, n, 3), '\', '\\'), '''', '''''') || ''''
                 || CASE WHEN length(part) < 3 THEN ':*' ELSE '' END,
                 ' & ')::tsquery
          FROM generate_series(1, greatest(length(part) - 2, 1)) AS n);

-- In a table of its own: a task's row is written anew with each step of its job, and its text would be indexed anew with it.
CREATE TABLE task_texts (
  task_id uuid PRIMARY KEY,
  text text NOT NULL
);
-- New texts are collected, and merged into the index in the background (fastupdate): that takes a fifth of what one by one would.
CREATE INDEX task_texts_grams ON task_texts USING gin (grams(text)) WITH (fastupdate = on, gin_pending_list_limit = 8192);

CREATE FUNCTION keep_task_texts() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  CASE TG_OP
    WHEN 'INSERT' THEN
      INSERT INTO task_texts SELECT id, searched_text(title, description) FROM new_tasks;
    WHEN 'UPDATE' THEN
      INSERT INTO task_texts VALUES (NEW.id, searched_text(NEW.title, NEW.description))
      ON CONFLICT (task_id) DO UPDATE SET text = excluded.text;
    WHEN 'DELETE' THEN
      DELETE FROM task_texts WHERE task_id = OLD.id;
    WHEN 'TRUNCATE' THEN
      DELETE FROM task_texts;
  END CASE;
  RETURN NULL;
END $$;
CREATE TRIGGER keep_new_texts AFTER INSERT ON tasks
  REFERENCING NEW TABLE AS new_tasks FOR EACH STATEMENT EXECUTE FUNCTION keep_task_texts();
-- Not fired by what a job changes of its task.
CREATE TRIGGER keep_changed_text AFTER UPDATE OF title, description ON tasks
  FOR EACH ROW WHEN (NEW.title <> OLD.title OR NEW.description <> OLD.description) EXECUTE FUNCTION keep_task_texts();
CREATE TRIGGER keep_no_text AFTER DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION keep_task_texts();
CREATE TRIGGER keep_no_texts AFTER TRUNCATE ON tasks FOR EACH STATEMENT EXECUTE FUNCTION keep_task_texts();

-- The tasks from before follow in batches, from the newest on, while the previous version goes on: the next id down, or no row when
-- all are done.
CREATE TABLE task_texts_missing (before uuid NOT NULL);
INSERT INTO task_texts_missing VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff');
