import type { Job } from '@millrace/contracts';
import { openEvents } from './access.js';
import { Failure } from './failure.js';
import { getJob, hasFinished } from './jobs.js';

const RECONNECT_AFTER_MS = 2_000;
/** Ten updates a second are as good as a thousand. */
const REPORT_EVERY_MS = 100;

interface JobWatch {
  /** At first, and after every change. */
  onJob: (job: Job) => void;
  /** It was deleted. */
  onDeleted: () => void;
}

/** Follows a job until it has finished, is deleted, or `signal` aborts. */
export function watchJob(id: string, watch: JobWatch, signal: AbortSignal): void {
  if (signal.aborted) return;
  const source = openEvents(`/api/jobs/${id}/events`);
  let latest: string | undefined;
  let reporting: number | undefined;
  let reconnecting: number | undefined;

  const stop = () => {
    source.close();
    clearTimeout(reporting);
    clearTimeout(reconnecting);
    signal.removeEventListener('abort', stop);
  };
  const end = () => {
    stop();
    watch.onDeleted();
  };
  const report = () => {
    reporting = undefined;
    const job = parse(latest);
    if (!job) return;
    if (hasFinished(job)) stop();
    watch.onJob(job);
  };
  signal.addEventListener('abort', stop);
  source.addEventListener('job', ({ data }: MessageEvent<string>) => {
    latest = data;
    reporting ??= window.setTimeout(report, REPORT_EVERY_MS);
  });
  source.addEventListener('deleted', end);
  source.addEventListener('error', () => {
    // It reconnects automatically, except after a status such as 503 or 404.
    if (source.readyState !== EventSource.CLOSED) return;
    reconnecting ??= window.setTimeout(() => {
      stop();
      void connectAgain(id, watch, signal);
    }, RECONNECT_AFTER_MS);
  });
}

/** An EventSource does not say why it was refused; the job itself does. */
async function connectAgain(id: string, watch: JobWatch, signal: AbortSignal): Promise<void> {
  try {
    await getJob(id, signal);
    watchJob(id, watch, signal);
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Failure && error.status === 404) watch.onDeleted();
    else setTimeout(() => void connectAgain(id, watch, signal), RECONNECT_AFTER_MS);
  }
}

function parse(data: string | undefined): Job | undefined {
  try {
    const job = JSON.parse(data ?? '') as Partial<Job> | null;
    return typeof job?.status === 'string' ? (job as Job) : undefined;
  } catch {
    return undefined;
  }
}
