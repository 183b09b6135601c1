import type { Job } from '@millrace/contracts';
import { hrefOf } from '../state/route.js';
import { StatusBadge } from './badge.js';

/** A job in one line, with a link to its timeline. */
export function JobLine({ job }: { job: Job }) {
  return (
    <p class="job-line">
      <StatusBadge status={job.status} />
      <span>
        Job <code>{job.id.slice(0, 8)}</code>
        {job.processed_by_pod !== null && ` on ${job.processed_by_pod}`}
      </span>
      <a href={hrefOf('jobs', `?job=${job.id}`)}>Timeline</a>
    </p>
  );
}
