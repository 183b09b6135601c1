import type { Logger } from '@millrace/chassis/process';
import type { Queryable } from '@millrace/chassis/stores/postgres';
import { retryForever } from '@millrace/chassis/work';
import { repeat } from '../repeat.js';

/** The longest texts take some milliseconds each. */
const BATCH = 100;

/**
 * The next older tasks that were created before their texts were stored. They are locked against deletion: otherwise their texts would
 * remain.
 */
const FILL_BATCH = `
  WITH missing AS MATERIALIZED (SELECT before FROM task_texts_missing FOR UPDATE),
  batch AS MATERIALIZED (
    SELECT id, title, description FROM tasks
     WHERE id < (SELECT before FROM missing) ORDER BY id DESC LIMIT $1 FOR KEY SHARE),
  filled AS (
    INSERT INTO task_texts SELECT id, searched_text(title, description) FROM batch ON CONFLICT DO NOTHING),
  last AS (SELECT id FROM batch ORDER BY id LIMIT 1),
  moved AS (UPDATE task_texts_missing SET before = last.id FROM last),
  done AS (DELETE FROM task_texts_missing WHERE NOT EXISTS (SELECT FROM last))
  SELECT FROM last`;

/**
 * Makes the tasks of the version before 005 searchable, in small batches, each in its own transaction: the previous version keeps running
 * in the meantime, and an interrupted run continues where it stopped. Does nothing when all are done.
 */
export async function fillTaskTexts(
  db: Queryable,
  { logger, signal }: { logger: Logger; signal: AbortSignal },
): Promise<void> {
  const fill = async () => (await db.query(FILL_BATCH, [BATCH])).length > 0;
  let isMore: boolean;
  do {
    isMore = await retryForever(fill, {
      signal,
      onRetry: (error, delayMs) =>
        logger.warn({ err: error, retry_ms: delayMs }, 'could not index old tasks'),
    });
  } while (isMore && !signal.aborted);
}

/**
 * Merges new texts into the search index. Until then they are in a list that every search reads through.
 *
 * @returns a function that stops it and waits for the running statement
 */
export function startMergingTexts({
  db,
  intervalMs,
  logger,
}: {
  db: Queryable;
  intervalMs: number;
  logger: Logger;
}): () => Promise<void> {
  const merge = async () => {
    await db.query(`SELECT merge_task_texts()`);
  };
  return repeat(merge, {
    everyMs: intervalMs,
    onError: (error) => logger.warn({ err: error }, 'could not merge new texts into the index, trying again'),
  });
}
