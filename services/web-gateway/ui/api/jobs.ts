import type { Job, JobSummary } from '@millrace/contracts';
import { call } from './http.js';

/** A job in a list: without what may be long. */
export type ListedJob = Omit<Job, 'result' | 'error' | 'attempts'> & { attempts?: unknown[] };

/** The queue as a whole. */
export type QueueSummary = JobSummary & {
  /** Jobs that are not due yet. */
  scheduled?: number;
};

export async function getJob(id: string, signal?: AbortSignal): Promise<Job> {
  return (await call<Job>('GET', `/api/jobs/${id}`, { signal })).data;
}

export async function retryJob(id: string): Promise<Job> {
  // Only a failed job can be retried, so a second request changes nothing.
  return (await call<Job>('POST', `/api/jobs/${id}/retry`, { repetition: 'harmless' })).data;
}

/** Cancels a job that waits, and deletes one that has ended. @returns the cancelled job; undefined: it is deleted */
export async function cancelOrDeleteJob(id: string): Promise<Job | undefined> {
  return (await call<Job | undefined>('DELETE', `/api/jobs/${id}`)).data;
}

export async function summarizeJobs(signal?: AbortSignal): Promise<QueueSummary> {
  return (await call<QueueSummary>('GET', '/api/jobs/summary', { signal })).data;
}

export function hasEnded({ status }: Pick<Job, 'status'>): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}
