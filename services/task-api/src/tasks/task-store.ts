import { despiteRefusals, type Page, type Postgres, type Queryable } from '@millrace/chassis/stores/postgres';
import { coalesce, type WorkLimiter } from '@millrace/chassis/work';
import type { CreateTask, ListTasksQuery, ReplaceTask, Task, UpdateTask } from '@millrace/contracts';
import { fingerprint, oncePerKey } from '../idempotency/keys.js';
import { isOf } from '../is-of.js';
import { listTasks, TASK_COLUMNS as COLUMNS } from './task-list.js';
import type { TaskHints } from './task-hints.js';
import { searchTasks } from './task-search.js';

/**
 * Tasks in PostgreSQL. Functions that take an id return undefined, or false, when there is no such task, or it belongs to another owner. With
 * null as the owner, all tasks are visible.
 */
export interface TaskStore {
  /**
   * @param owner the owner of the new task; null: none
   * @param idempotencyKey when it is repeated, the task is created once, and returned as it was then
   */
  create(task: CreateTask, owner: Owner, idempotencyKey?: string): Promise<Task>;
  find(id: string, owner: Owner): Promise<Task | undefined>;
  /** One page, newest first. */
  list(query: ListTasksQuery, owner: Owner): Promise<Page>;
  /** Sets the given fields. Completing a completed task again does not change its completion time. */
  update(id: string, owner: Owner, changes: UpdateTask | ReplaceTask): Promise<Task | undefined>;
  /** Deletes the task and its job. */
  remove(id: string, owner: Owner): Promise<boolean>;
}

type Owner = string | null;
type OwnTask = CreateTask & { owner: Owner };

type TaskRow = Omit<Task, 'completed' | 'created_at' | 'updated_at' | 'completed_at'> & {
  created_at: Date;
  updated_at: Date;
  completed_at: Date | null;
};

/** The owner of the changed task. */
interface Changed {
  owner: Owner;
}

/** The limits of one statement, in tasks and in characters. */
const TASKS_A_STATEMENT = 200;
const TEXT_A_STATEMENT = 1024 * 1024;
/** How long a search waits for its turn, in ms. */
const SEARCH_WAIT_MS = 1_500;

export interface TaskListOptions {
  /** The connections for lists and searches, which never block other requests. */
  lists: Queryable;
  /** The turns of searches, which leave some of those connections to lists. */
  searches: WorkLimiter;
  hints: Pick<TaskHints, 'changed'>;
}

export function createTaskStore(db: Postgres, { lists, searches, hints }: TaskListOptions): TaskStore {
  /** Tasks that are created at the same time are committed together. */
  const insertTogether = coalesce<OwnTask, Task>({
    run: (tasks) => despiteRefusals(tasks, (some) => insert(db, some)),
    maxItems: TASKS_A_STATEMENT,
    weigh: ({ title, description }) => title.length + description.length,
    maxWeight: TEXT_A_STATEMENT,
  });
  return {
    async create(task, owner, idempotencyKey) {
      const own = { ...task, owner };
      if (idempotencyKey === undefined) {
        const inserted = await insertTogether(own);
        hints.changed([owner]);
        return inserted;
      }
      const request = { key: idempotencyKey, fingerprint: fingerprint('create task', task) };
      const inserted: Task[] = [];
      const created = await oncePerKey(db, request, async (tx) => {
        inserted.push(...(await insert(tx, [own])));
        return inserted[0]!;
      });
      // Not for a repeated request.
      hints.changed(inserted.map(() => owner));
      return created;
    },

    async find(id, owner) {
      const rows = await db.query<TaskRow>(`SELECT ${COLUMNS} FROM tasks WHERE id = $1 AND ${isOf('$2')}`, [
        id,
        owner,
      ]);
      return rows.map(toTask)[0];
    },

    list({ q, ...query }, owner) {
      if (q === undefined) return listTasks(lists, query, owner);
      const search = { q, ...query, owner: owner ?? undefined };
      return searches.run(() => searchTasks(lists, search), { waitMs: SEARCH_WAIT_MS });
    },

    async update(id, owner, { title, description, priority, completed }) {
      const rows = await db.query<TaskRow & Changed>(
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
          WHERE id = $1 AND ${isOf('$6')}
          RETURNING ${COLUMNS}, owner`,
        [id, title ?? null, description ?? null, priority ?? null, completed ?? null, owner],
      );
      hints.changed(rows.map((row) => row.owner));
      return rows.map(toTask)[0];
    },

    async remove(id, owner) {
      // The job first, because everyone who changes a job's status locks the job before its task.
      const rows = await db.query<Changed>(
        `WITH job AS MATERIALIZED (SELECT id FROM jobs WHERE task_id = $1 AND ${isOf('$2')} FOR UPDATE)
         DELETE FROM tasks WHERE (SELECT count(*) FROM job) IS NOT NULL AND id = $1 AND ${isOf('$2')} RETURNING owner`,
        [id, owner],
      );
      hints.changed(rows.map((row) => row.owner));
      return rows.length > 0;
    },
  };
}

/** All or none. @returns the tasks in the order given */
async function insert(db: Queryable, tasks: OwnTask[]): Promise<Task[]> {
  const rows = await db.query<TaskRow>(
    `WITH asked AS MATERIALIZED (
       SELECT uuidv7() AS id, *
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
              WITH ORDINALITY AS asked (title, description, priority, owner, position)),
     task AS (
       INSERT INTO tasks (id, title, description, priority, owner)
       SELECT id, title, description, priority, owner FROM asked RETURNING *)
     SELECT ${COLUMNS} FROM task JOIN (SELECT id, position FROM asked) USING (id) ORDER BY position`,
    [
      tasks.map(({ title }) => title),
      tasks.map(({ description }) => description),
      tasks.map(({ priority }) => priority),
      tasks.map(({ owner }) => owner),
    ],
  );
  return rows.map(toTask);
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
