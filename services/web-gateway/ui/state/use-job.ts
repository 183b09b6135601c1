import type { Job } from '@millrace/contracts';
import { useEffect, useState } from 'preact/hooks';
import { watchJob } from '../api/job-events.js';
import { getJob, hasFinished } from '../api/jobs.js';
import { type Loaded, useLoad } from './use-load.js';

export interface WatchedJob extends Loaded<Job> {
  /** It has been deleted; `data` is its last known state. */
  deleted: boolean;
}

/** A job that is kept up to date. */
export function useJob(id: string): WatchedJob {
  const loaded = useLoad(id, (signal) => getJob(id, signal));
  const [deleted, setDeleted] = useState(false);
  const { data, put } = loaded;
  // A job that is retried starts again.
  const goesOn = data !== undefined && !hasFinished(data) && !deleted;
  useEffect(() => {
    if (!goesOn) return;
    const left = new AbortController();
    watchJob(id, { onJob: put, onDeleted: () => setDeleted(true) }, left.signal);
    return () => left.abort();
  }, [id, goesOn, put]);
  return { ...loaded, deleted };
}
