import { notFound } from '@millrace/chassis/http';
import type { Job } from '@millrace/contracts';
import type { JobStore } from './job-store.js';

/** @throws HttpProblem 404 */
export async function existingJob(jobs: JobStore, id: string): Promise<Job> {
  const job = await jobs.find(id);
  if (!job) throw notFound('There is no job with this id.');
  return job;
}
