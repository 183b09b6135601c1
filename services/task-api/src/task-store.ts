import type { Postgres, Queryable } from '@millrace/chassis/postgres';
import type { CreateTask, ListTasksQuery, ReplaceTask, Task, UpdateTask } from '@millrace/contracts';
import { fingerprint, oncePerKey } from './idempotency.js';

/** Tasks in PostgreSQL. What takes an id answers undefined, or false, when there is no such task. */
export interface TaskStore {
  /** @param idempotencyKey repeated with it, the task is created once, and answered as it was then */
  create(task: CreateTask, idempotencyKey?: string): Promise<Task>;
  find(id: string): Promise<Task | undefined>;
  /** One page, newest first, and one task more when there is another page. */
  list(query: ListTasksQuery): Promise<Task[]>;
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

const STATUS = 'task_status(t.completed_at, j.status)';

/** A task as the API shows it, from rows called `t`: a table's, or a data-changing statement's. */
const selectFrom = (t: string) => `
  SELECT t.id, t.title, t.description, t.priority, ${STATUS} AS status, t.processed_by_pod,
         t.created_at, t.updated_at, t.completed_at
    FROM ${t} LEFT JOIN jobs j ON j.task_id = t.id`;

export function createTaskStore(db: Postgres): TaskStore {
  return {
    create(task, idempotencyKey) {
      if (idempotencyKey === undefined) return insert(db, task);
      const request = { key: idempotencyKey, fingerprint: fingerprint('create task', task) };
      return oncePerKey(db, request, (tx) => insert(tx, task));
    },

    async find(id) {
      const rows = await db.query<TaskRow>(`${selectFrom('tasks t')} WHERE t.id = $1`, [id]);
      return rows.map(toTask)[0];
    },

    async list({ limit, cursor, status, priority, q }) {
      const rows = await db.query<TaskRow>(
        `${selectFrom('tasks t')}
          WHERE ($1::uuid IS NULL OR t.id < $1)
            AND ($2::text IS NULL OR ${STATUS} = $2)
            AND ($3::text IS NULL OR t.priority = $3)
            AND ($4::text IS NULL OR t.title ILIKE $4 OR t.description ILIKE $4)
          ORDER BY t.id DESC
          LIMIT $5`,
        [cursor ?? null, status ?? null, priority ?? null, q === undefined ? null : containing(q), limit + 1],
      );
      return rows.map(toTask);
    },

    async update(id, { title, description, priority, completed }) {
      const rows = await db.query<TaskRow>(
        `WITH t AS (
           UPDATE tasks
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
            RETURNING *)
         ${selectFrom('t')}`,
        [id, title ?? null, description ?? null, priority ?? null, completed ?? null],
      );
      return rows.map(toTask)[0];
    },

    async remove(id) {
      const rows = await db.query('DELETE FROM tasks WHERE id = $1 RETURNING id', [id]);
      return rows.length > 0;
    },
  };
}

async function insert(db: Queryable, { title, description, priority }: CreateTask): Promise<Task> {
  const [row] = await db.query<TaskRow>(
    `WITH t AS (INSERT INTO tasks (title, description, priority) VALUES ($1, $2, $3) RETURNING *)
     ${selectFrom('t')}`,
    [title, description, priority],
  );
  return toTask(row!);
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
