import type { CreateTask, QueuedTask, Task, UpdateTask } from '@millrace/contracts';
import { call } from './http.js';

/** @param key the same for every try of the same submission */
export async function createTask(task: CreateTask, key: string): Promise<Task> {
  return (await call<Task>('POST', '/api/tasks', { body: task, key })).data;
}

/** Runs a task in the background. @param key as above */
export async function queueTask(task: CreateTask, key: string): Promise<QueuedTask> {
  const { title, description, priority } = task;
  const body = { task: title, priority, ...(description !== '' && { description }) };
  return (await call<QueuedTask>('POST', '/api/add', { body, key })).data;
}

export async function updateTask(id: string, changes: UpdateTask): Promise<Task> {
  return (await call<Task>('PATCH', `/api/tasks/${id}`, { body: changes })).data;
}

export async function deleteTask(id: string): Promise<void> {
  await call('DELETE', `/api/tasks/${id}`, { keepalive: true });
}
