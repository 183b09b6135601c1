import type { Job } from '@millrace/contracts';
import { useEffect } from 'preact/hooks';
import { getJob, hasEnded, watchJob } from '../api/jobs.js';
import { type Loaded, useLoad } from './use-load.js';

/** A job, as it goes on. */
export function useJob(id: string): Loaded<Job> {
  const loaded = useLoad(id, (signal) => getJob(id, signal));
  const { data, put, reload } = loaded;
  // A job that is retried begins anew.
  const goesOn = data !== undefined && !hasEnded(data);
  useEffect(() => {
    if (!goesOn) return;
    const left = new AbortController();
    // Loading says in words that it is gone.
    watchJob(id, { onJob: put, onGone: reload }, left.signal);
    return () => left.abort();
  }, [id, goesOn, put, reload]);
  return loaded;
}
