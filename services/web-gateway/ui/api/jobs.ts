import type { Job, JobSummary } from '@millrace/contracts';
import { FINAL_STATUSES } from '@millrace/contracts/constants';
import { call } from './http.js';

export async function getJob(id: string, signal?: AbortSignal): Promise<Job> {
  return (await call<Job>('GET', `/api/jobs/${id}`, { signal })).data;
}

export async function retryJob(id: string): Promise<Job> {
  // Only a failed job can be retried, so a second request changes nothing.
  return (await call<Job>('POST', `/api/jobs/${id}/retry`, { repetition: 'harmless' })).data;
}

/** Cancels a job that has not started. @throws Failure, with 409 when it has */
export async function cancelJob(id: string): Promise<Job> {
  return (await call<Job>('DELETE', `/api/jobs/${id}?status=queued`)).data;
}

/**
 * Deletes a finished job for good.
 *
 * @param status as it was shown: a job that was retried since then is not touched
 * @throws Failure, with 409 when the status has changed
 */
export async function deleteJob({ id, status }: Pick<Job, 'id' | 'status'>): Promise<void> {
  await call('DELETE', `/api/jobs/${id}?status=${status}`);
}

export async function summarizeJobs(signal?: AbortSignal): Promise<JobSummary> {
  return (await call<JobSummary>('GET', '/api/jobs/summary', { signal })).data;
}

export function hasFinished({ status }: Pick<Job, 'status'>): boolean {
  return FINAL_STATUSES.includes(status);
}
