import type { Job } from '@millrace/contracts';
import { cancelJob, retryJob } from '../../api/jobs.js';
import { PriorityMark, StatusBadge } from '../../parts/badge.js';
import { Dialog } from '../../parts/dialog.js';
import { Icon, type IconName } from '../../parts/icon.js';
import { FailureNotice, Skeleton } from '../../parts/notice.js';
import { Ago } from '../../parts/time.js';
import { useForm } from '../../state/use-form.js';
import { useJob } from '../../state/use-job.js';
import { JobResult } from './job-result.js';
import { JobTimeLine } from './job-time-line.js';
import { KIND_WORDS } from './job-row.js';

interface JobDialogProps {
  id: string;
  onClose: () => void;
  /** It was retried or cancelled. */
  onChange: () => void;
}

/** One job: what happened to it so far, and what may be done about it. */
export function JobDialog({ id, onClose, onChange }: JobDialogProps) {
  const { data: job, failure, reload, put } = useJob(id);
  const steps = useForm();
  const step = (take: (id: string) => Promise<Job>) =>
    steps.submit(async () => {
      put(await take(id));
      onChange();
    });

  return (
    <Dialog title={job ? `${KIND_WORDS[job.kind]} job` : 'Job'} onClose={onClose}>
      {failure && <FailureNotice failure={failure} onRetry={reload} />}
      {!job && !failure && <Skeleton rows={3} />}
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
          <JobTimeLine job={job} />
          {job.status === 'completed' && <JobResult job={job} />}
          <p class="quiet job-id">
            <code>{job.id}</code>
          </p>
          {steps.failure && <FailureNotice failure={steps.failure} />}
          {job.status === 'queued' && (
            <Step icon="close" words="Cancel job" busy={steps.busy} onClick={() => void step(cancelJob)} />
          )}
          {job.status === 'failed' && (
            <Step icon="retry" words="Retry" busy={steps.busy} onClick={() => void step(retryJob)} />
          )}
        </div>
      )}
    </Dialog>
  );
}

function Step(props: { icon: IconName; words: string; busy: boolean; onClick: () => void }) {
  return (
    <div class="dialog-actions">
      <button type="button" class="btn btn-primary" disabled={props.busy} onClick={props.onClick}>
        <Icon name={props.icon} /> {props.words}
      </button>
    </div>
  );
}
