import type { Job, JobSummary } from '@millrace/contracts';
import { call } from './http.js';

/** The queue as a whole. */
export type QueueSummary = JobSummary & {
  /** The queued jobs that may begin now. */
  due?: number;
  /** And those that may not yet. */
  scheduled?: number;
};

export async function getJob(id: string, signal?: AbortSignal): Promise<Job> {
  return (await call<Job>('GET', `/api/jobs/${id}`, { signal })).data;
}

export async function retryJob(id: string): Promise<Job> {
  // Only a failed job can be retried, so a second request changes nothing.
  return (await call<Job>('POST', `/api/jobs/${id}/retry`, { repetition: 'harmless' })).data;
}

/** Cancels a job that has not begun; never one that has. @throws Failure, with 409 when it has */
export async function cancelJob(id: string): Promise<Job> {
  return (await call<Job>('DELETE', `/api/jobs/${id}?status=queued`)).data;
}

/**
 * Deletes a job that has ended, for good.
 *
 * @param status as it was shown: one that was retried meanwhile is not touched
 * @throws Failure, with 409 when it is no longer so
 */
export async function deleteJob({ id, status }: Pick<Job, 'id' | 'status'>): Promise<void> {
  await call('DELETE', `/api/jobs/${id}?status=${status}`);
}

export async function summarizeJobs(signal?: AbortSignal): Promise<QueueSummary> {
  return (await call<QueueSummary>('GET', '/api/jobs/summary', { signal })).data;
}

export function hasEnded({ status }: Pick<Job, 'status'>): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}
