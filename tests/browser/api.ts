import type { AcceptedJob, QueuedTask, RegisterUser, Task, User } from '@millrace/contracts';
import { baseUrl } from './session.js';

// Test data, created through the API.

async function post<T>(path: string, body: unknown): Promise<T> {
  const response = await fetch(baseUrl() + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

export const makeTask = (task: Partial<Task>) => post<Task>('/api/tasks', task);

export const queueTask = (task: string, scheduling: object = {}) =>
  post<QueuedTask>('/api/add', { task, ...scheduling });

export const registerUser = (user: RegisterUser) => post<User>('/user/register', user);

export const queueAnalysis = (text: string) => post<AcceptedJob>('/analyze?async=true', { text });

/** A job that fails for good: the file begins like an image, so it is accepted, but it is not one. */
export async function queueBrokenImage(): Promise<AcceptedJob> {
  const form = new FormData();
  form.append('file', new Blob([Buffer.from('ffd8ff00', 'hex')], { type: 'image/jpeg' }), 'broken.jpg');
  form.append('effects', 'bw');
  const response = await fetch(`${baseUrl()}/upload?async=true`, { method: 'POST', body: form });
  return (await response.json()) as AcceptedJob;
}
