import type { CreateTask, Priority, QueuedTask, Task, TaskStatus, UpdateTask } from '@millrace/contracts';
import { call, nextPage, queryOf } from './http.js';

export interface TaskFilter {
  q: string;
  status: TaskStatus | '';
  priority: Priority | '';
}

export interface TaskPage {
  tasks: Task[];
  /** There are older ones. */
  more: boolean;
}

const LONGEST_PAGE = 200;

/** The newest tasks that the filter lets through, up to `count`. */
export async function listTasks(filter: TaskFilter, count: number, signal?: AbortSignal): Promise<TaskPage> {
  const tasks: Task[] = [];
  let next: string | undefined = '/api/tasks' + queryOf({ ...filter, limit: Math.min(count, LONGEST_PAGE) });
  while (next !== undefined && tasks.length < count) {
    const { data, headers } = await call<Task[]>('GET', next, { signal });
    tasks.push(...data);
    next = nextPage(headers);
  }
  return { tasks: tasks.slice(0, count), more: next !== undefined || tasks.length > count };
}

export async function createTask(task: CreateTask): Promise<Task> {
  return (await call<Task>('POST', '/api/tasks', { body: task })).data;
}

/** Hands a task to the workers. What they take is a title; a description is added to the task that comes of it. */
export async function queueTask({ title, description, priority }: CreateTask): Promise<void> {
  const { data } = await call<QueuedTask>('POST', '/api/add', { body: { task: title, priority } });
  if (description) await updateTask(data.id, { description });
}

export async function updateTask(id: string, changes: UpdateTask): Promise<Task> {
  return (await call<Task>('PATCH', `/api/tasks/${id}`, { body: changes })).data;
}

export async function deleteTask(id: string): Promise<void> {
  await call('DELETE', `/api/tasks/${id}`, { keepalive: true });
}
