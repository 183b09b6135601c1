import type { Stack } from '../../local/stack/stack.js';
import { askPostgres } from './administrator.js';
import type { Knowledge } from './load.js';
import { NAME_PREFIX } from './requests.js';

/**
 * What PostgreSQL contains of the jobs that were answered with 202, of the tasks that were answered with 201, and what else there is. When
 * every request was done once, `rows` is `accepted` + `created` + `untold`.
 */
export interface Audit {
  accepted: number;
  /** Accepted jobs that have completed, with exactly one effect, together with their tasks. */
  completed: number;
  created: number;
  /** Accepted jobs that are not completed, and created tasks that do not exist: for them, the promise is broken. */
  lost: number;
  /** Jobs, and tasks for people. */
  rows: number;
  /** Requests without a key of which nobody can tell whether they were done. */
  unanswered: number;
  /** Those of them that were done. */
  untold: number;
  /** Effects beyond the first of a job, and rows beyond the one that a request may have created: something was done twice. */
  duplicates: number;
  /** The requests that created those rows. */
  doneTwice: string[];
  /** Tasks without a job, or not completed; images of finished jobs. */
  leftovers: number;
  /** The number of attempts in total, including those that led to nothing. */
  attempts: number;
  /** From acceptance to completion, in milliseconds. */
  latency: { median: number; slowest: number };
}

interface Row {
  id: string;
  /** Of the request that created it. */
  name: string;
}

interface AuditedJob extends Row {
  /** Whether it has completed, and its task with it if it has one. */
  done: boolean;
  effects: number;
  attempts: number;
  /** Null while it has not finished. */
  ms: number | null;
}

export async function audit(stack: Stack, { accepted, created, unanswered }: Knowledge): Promise<Audit> {
  const jobs = await askPostgres<AuditedJob>(
    stack,
    `SELECT id, request_id AS name,
            status = 'completed' AND (kind <> 'task' OR EXISTS (
              SELECT FROM tasks WHERE tasks.id = task_id AND completed_at IS NOT NULL)) AS done,
            (SELECT count(*) FROM job_attempts WHERE job_id = id AND outcome = 'completed')::int AS effects,
            (SELECT count(*) FROM job_attempts WHERE job_id = id)::int AS attempts,
            (extract(epoch FROM finished_at - created_at) * 1000)::float AS ms
       FROM jobs`,
  );
  // The title of a task for people is the name of its request.
  const tasks = await askPostgres<Row>(stack, 'SELECT id, title AS name FROM tasks WHERE title LIKE $1', [
    `${NAME_PREFIX}%`,
  ]);
  const [rest] = await askPostgres<{ leftovers: number }>(
    stack,
    `SELECT (SELECT count(*) FROM tasks
              WHERE title NOT LIKE $1
                AND (completed_at IS NULL OR NOT EXISTS (SELECT FROM jobs WHERE task_id = tasks.id)))::int
            + (SELECT count(*) FROM job_inputs
                WHERE EXISTS (SELECT FROM jobs WHERE id = job_id AND due_at IS NULL))::int AS leftovers`,
    [`${NAME_PREFIX}%`],
  );

  const rows: Row[] = [...jobs, ...tasks];
  const { untold, doneTwice } = compare(rows, new Map([...accepted, ...created]), unanswered);
  const promised = new Set(accepted.values());
  const completed = jobs.filter(({ id, done, effects }) => promised.has(id) && done && effects === 1).length;
  const kept = new Set(tasks.map(({ id }) => id));
  const vanished = [...created.values()].filter((id) => !kept.has(id)).length;
  const latencies = jobs.flatMap(({ ms }) => ms ?? []).sort((one, other) => one - other);
  return {
    accepted: accepted.size,
    completed,
    created: created.size,
    lost: accepted.size - completed + vanished,
    rows: rows.length,
    unanswered: unanswered.size,
    untold,
    duplicates: doneTwice.length + jobs.reduce((sum, { effects }) => sum + Math.max(0, effects - 1), 0),
    doneTwice,
    leftovers: rest!.leftovers,
    attempts: jobs.reduce((sum, job) => sum + job.attempts, 0),
    latency: { median: latencies[latencies.length >> 1] ?? NaN, slowest: latencies.at(-1) ?? NaN },
  };
}

/** A request whose response named a row has created that row and no other; a request without a response may have created one. */
function compare(rows: Row[], told: ReadonlyMap<string, string>, unanswered: ReadonlySet<string>) {
  const untold = new Set<string>();
  const doneTwice: string[] = [];
  for (const { id, name } of rows) {
    if (told.get(name) === id) continue;
    if (unanswered.has(name) && !untold.has(name)) untold.add(name);
    else doneTwice.push(name);
  }
  return { untold: untold.size, doneTwice };
}

/** How many jobs have not finished yet. */
export async function countUnfinished(stack: Stack): Promise<number> {
  const [row] = await askPostgres<{ jobs: number }>(
    stack,
    'SELECT count(*)::int AS jobs FROM jobs WHERE due_at IS NOT NULL',
  );
  return row!.jobs;
}
