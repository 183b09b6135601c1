import { coalesce } from '@millrace/chassis';
import { despiteRefusals, type Postgres, type Queryable } from '@millrace/chassis/postgres';
import type { CreateTask, ListTasksQuery, ReplaceTask, Task, UpdateTask } from '@millrace/contracts';
import { fingerprint, oncePerKey } from './idempotency.js';

/** Tasks in PostgreSQL. What takes an id answers undefined, or false, when there is no such task. */
export interface TaskStore {
  /** @param idempotencyKey repeated with it, the task is created once, and answered as it was then */
  create(task: CreateTask, idempotencyKey?: string): Promise<{ task: Task; isNew: boolean }>;
  find(id: string): Promise<Task | undefined>;
  /** One page, newest first, and one task more when there is another page. @returns also how many belong to the page */
  list(query: ListTasksQuery): Promise<{ tasks: Task[]; length: number }>;
  /** Sets the given fields. Completing a completed task again leaves its time as it is. */
  update(id: string, changes: UpdateTask | ReplaceTask): Promise<Task | undefined>;
  /** Deletes the task, and its job with it. */
  remove(id: string): Promise<boolean>;
}

type TaskRow = Omit<Task, 'completed' | 'created_at' | 'updated_at' | 'completed_at'> & {
  created_at: Date;
  updated_at: Date;
  completed_at: Date | null;
};

/**
 * A page ends early when its texts are longer than this: 200 tasks of 20,000 characters would be 24 MB of JSON. As JSON they
 * take six times as much at most.
 */
const PAGE_TEXT_BYTES = 512 * 1024;

/** What one statement writes at most, in tasks and in characters. */
const TASKS_A_STATEMENT = 200;
const TEXT_A_STATEMENT = 1024 * 1024;

/** A task as the API shows it. */
const COLUMNS = `id, title, description, priority, status, processed_by_pod, created_at, updated_at, completed_at`;

export function createTaskStore(db: Postgres): TaskStore {
  /** What is created at the same time is committed together. */
  const insertTogether = coalesce<CreateTask, Task>({
    run: (tasks) => despiteRefusals(tasks, (some) => insert(db, some)),
    maxItems: TASKS_A_STATEMENT,
    weigh: ({ title, description }) => title.length + description.length,
    maxWeight: TEXT_A_STATEMENT,
  });
  return {
    async create(task, idempotencyKey) {
      if (idempotencyKey === undefined) return { task: await insertTogether(task), isNew: true };
      const request = { key: idempotencyKey, fingerprint: fingerprint('create task', task) };
      let isNew = false;
      const created = await oncePerKey(db, request, async (tx) => {
        isNew = true;
        const [inserted] = await insert(tx, [task]);
        return inserted!;
      });
      return { task: created, isNew };
    },

    async find(id) {
      const rows = await db.query<TaskRow>(`SELECT ${COLUMNS} FROM tasks WHERE id = $1`, [id]);
      return rows.map(toTask)[0];
    },

    async list({ limit, cursor, status, priority, q }) {
      // The length of a text is known without reading it.
      const rows = await db.query<TaskRow & { bytes: number }>(
        `SELECT *
           FROM (SELECT *, sum(octet_length(title) + octet_length(description)) OVER (ORDER BY id DESC)::int AS bytes
                   FROM (SELECT ${COLUMNS} FROM tasks
                          WHERE ($1::uuid IS NULL OR id < $1)
                            AND ($2::text IS NULL OR status = $2)
                            AND ($3::text IS NULL OR priority = $3)
                            AND ($4::text IS NULL OR title ILIKE $4 OR description ILIKE $4)
                          ORDER BY id DESC
                          LIMIT $5) page) sized
          WHERE bytes - octet_length(title) - octet_length(description) <= ${PAGE_TEXT_BYTES}
          ORDER BY id DESC`,
        [cursor ?? null, status ?? null, priority ?? null, q === undefined ? null : containing(q), limit + 1],
      );
      const fitting = rows.filter(({ bytes }) => bytes <= PAGE_TEXT_BYTES).length;
      return { tasks: rows.map(toTask), length: Math.min(limit, fitting) };
    },

    async update(id, { title, description, priority, completed }) {
      const rows = await db.query<TaskRow>(
        `UPDATE tasks
            SET title = coalesce($2, title),
                description = coalesce($3, description),
                priority = coalesce($4, priority),
                completed_at = CASE $5::boolean
                  WHEN true THEN coalesce(completed_at, now())
                  WHEN false THEN NULL
                  ELSE completed_at
                END,
                updated_at = now()
          WHERE id = $1
          RETURNING ${COLUMNS}`,
        [id, title ?? null, description ?? null, priority ?? null, completed ?? null],
      );
      return rows.map(toTask)[0];
    },

    async remove(id) {
      // The job first, as whoever changes a job's status locks the job before its task.
      const rows = await db.query(
        `WITH job AS MATERIALIZED (SELECT id FROM jobs WHERE task_id = $1 FOR UPDATE)
         DELETE FROM tasks WHERE (SELECT count(*) FROM job) IS NOT NULL AND id = $1 RETURNING id`,
        [id],
      );
      return rows.length > 0;
    },
  };
}

/** All or none. @returns the tasks in the order given */
async function insert(db: Queryable, tasks: CreateTask[]): Promise<Task[]> {
  const rows = await db.query<TaskRow>(
    `WITH asked AS MATERIALIZED (
       SELECT uuidv7() AS id, *
         FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS asked (title, description, priority, position)),
     task AS (
       INSERT INTO tasks (id, title, description, priority) SELECT id, title, description, priority FROM asked RETURNING *)
     SELECT ${COLUMNS} FROM task JOIN (SELECT id, position FROM asked) USING (id) ORDER BY position`,
    [
      tasks.map(({ title }) => title),
      tasks.map(({ description }) => description),
      tasks.map(({ priority }) => priority),
    ],
  );
  return rows.map(toTask);
}

/** A LIKE pattern for text that contains `part`, in which % and _ stand for themselves. */
function containing(part: string): string {
  return `%${part.replace(/[\\%_]/g, '\\$&')}%`;
}

function toTask(row: TaskRow): Task {
  return {
    id: row.id,
    title: row.title,
    description: row.description,
    priority: row.priority,
    status: row.status,
    completed: row.completed_at !== null,
    processed_by_pod: row.processed_by_pod,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    completed_at: row.completed_at?.toISOString() ?? null,
  };
}
