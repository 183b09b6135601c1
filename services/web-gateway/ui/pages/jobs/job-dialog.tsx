import { hasFinished } from '../../api/jobs.js';
import { PriorityMark, StatusBadge } from '../../parts/badge.js';
import { Dialog } from '../../parts/dialog.js';
import { FailureNotice, Skeleton } from '../../parts/notice.js';
import { Ago } from '../../parts/time.js';
import { TraceDetails } from '../../parts/trace/trace-details.js';
import { useJob } from '../../state/use-job.js';
import { JobResult } from './job-result.js';
import { JobSteps } from './job-steps.js';
import { JobTimeline } from './job-timeline.js';
import { KIND_WORDS } from './job-row.js';

interface JobDialogProps {
  id: string;
  onClose: () => void;
  /** Called when it was retried, cancelled or deleted. */
  onChange: () => void;
}

/** One job: its timeline and its actions. */
export function JobDialog({ id, onClose, onChange }: JobDialogProps) {
  const { data: job, failure, deleted, reload, put } = useJob(id);
  return (
    <Dialog title={job ? `${KIND_WORDS[job.kind]} job` : 'Job'} onClose={onClose}>
      {failure && <FailureNotice failure={failure} onRetry={reload} />}
      {!job && !failure && <Skeleton rows={3} />}
      {deleted && (
        <p class="notice" role="status">
          This job has been deleted. This is its last known state.
        </p>
      )}
      {job && (
        <div class="job-details">
          <p class="job-facts" aria-live="polite">
            <StatusBadge status={job.status} />
            <PriorityMark priority={job.priority} />
            {job.progress.total > 1 && (
              <span class="quiet figures">
                step {job.progress.done} of {job.progress.total}
              </span>
            )}
            <span class="quiet">
              accepted <Ago time={job.created_at} />
            </span>
          </p>
          <JobTimeline job={job} stopped={deleted} />
          {job.status === 'completed' && <JobResult job={job} />}
          {!deleted && <TraceDetails of={`/api/jobs/${job.id}`} live={!hasFinished(job)} initiallyOpen />}
          <p class="quiet job-id">
            <code>{job.id}</code>
          </p>
          {!deleted && (
            <JobSteps
              job={job}
              onChanged={(changed) => {
                if (changed) put(changed);
                else onClose();
                onChange();
              }}
              onRefused={reload}
            />
          )}
        </div>
      )}
    </Dialog>
  );
}
