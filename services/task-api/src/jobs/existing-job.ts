import { notFound } from '@millrace/chassis/http';
import { visibleOwner } from '@millrace/chassis/process';
import type { Job } from '@millrace/contracts';
import type { JobStore } from './job-store.js';

const NONE = 'There is no job with this id.';

/** @throws HttpProblem 404 when there is no such job, or it is somebody else's */
export async function existingJob(jobs: JobStore, id: string): Promise<Job> {
  const job = await jobs.find(id, visibleOwner());
  if (!job) throw notFound(NONE);
  return job;
}

/** @throws HttpProblem 404, for the same reasons */
export async function existingTraceparent(jobs: JobStore, id: string): Promise<string | null> {
  const traceparent = await jobs.findTraceparent(id, visibleOwner());
  if (traceparent === undefined) throw notFound(NONE);
  return traceparent;
}
