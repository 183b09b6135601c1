import type { Job, JobKind, JobListItem, JobStatus, JobSummary } from '@millrace/contracts';
import { call, Failure, nextPage, queryOf } from './http.js';

export interface JobFilter {
  status: JobStatus | '';
  kind: JobKind | '';
}

/** The newest jobs that the filter lets through, and whether there are older ones. */
export async function listJobs(filter: JobFilter, limit: number, signal: AbortSignal) {
  const { data, headers } = await call<JobListItem[]>('GET', '/api/jobs' + queryOf({ ...filter, limit }), {
    signal,
  });
  return { jobs: data, more: nextPage(headers) !== undefined };
}

export async function getJob(id: string, signal?: AbortSignal): Promise<Job> {
  return (await call<Job>('GET', `/api/jobs/${id}`, { signal })).data;
}

export async function retryJob(id: string): Promise<Job> {
  return (await call<Job>('POST', `/api/jobs/${id}/retry`)).data;
}

export async function cancelJob(id: string): Promise<Job> {
  return (await call<Job>('DELETE', `/api/jobs/${id}?status=queued`)).data;
}

export async function summarizeJobs(): Promise<JobSummary> {
  return (await call<JobSummary>('GET', '/api/jobs/summary')).data;
}

export function hasEnded({ status }: Job): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

const RECONNECT_AFTER_MS = 2_000;

/** Tells of the job as it is and of each change, until it has ended or `signal` aborts; `onGone` when it is deleted. */
export function watchJob(
  id: string,
  { onJob, onGone }: { onJob: (job: Job) => void; onGone: () => void },
  signal: AbortSignal,
): void {
  if (signal.aborted) return;
  const source = new EventSource(`/api/jobs/${id}/events`);
  signal.addEventListener('abort', () => source.close());
  source.addEventListener('job', ({ data }: MessageEvent<string>) => {
    const job = JSON.parse(data) as Job;
    if (hasEnded(job)) source.close();
    onJob(job);
  });
  source.addEventListener('deleted', () => {
    source.close();
    onGone();
  });
  const lookAgain = () =>
    getJob(id, signal).then(
      () => watchJob(id, { onJob, onGone }, signal),
      (error: unknown) => {
        if (error instanceof Failure && error.status === 404) onGone();
        else if (!signal.aborted) setTimeout(lookAgain, RECONNECT_AFTER_MS);
      },
    );
  source.addEventListener('error', () => {
    // It connects again by itself, except after an answer such as 503, of which it does not tell.
    if (source.readyState === EventSource.CLOSED) setTimeout(lookAgain, RECONNECT_AFTER_MS);
  });
}
