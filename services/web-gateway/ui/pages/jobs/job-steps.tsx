import type { Job } from '@millrace/contracts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { asFailure } from '../../api/failure.js';
import { cancelJob, deleteJob, hasEnded, retryJob } from '../../api/jobs.js';
import { Icon } from '../../parts/icon.js';
import { FailureNotice } from '../../parts/notice.js';
import { say } from '../../state/toasts.js';
import { useForm } from '../../state/use-form.js';

interface JobStepsProps {
  job: Job;
  /** @param job as it is now; undefined: it is deleted */
  onChanged: (job: Job | undefined) => void;
  /** The server does not allow it: the job is not as it is shown. */
  onRefused: () => void;
}

/** What a person can do about a job: cancel it while it waits, retry it when it has failed, delete it when it has ended. */
export function JobSteps({ job, onChanged, onRefused }: JobStepsProps) {
  const steps = useForm();
  const [asking, setAsking] = useState(false);
  const take = (step: string, send: () => Promise<Job | undefined>) =>
    steps.submit([step, job.id], async () => {
      try {
        onChanged(await send());
      } catch (error) {
        const { status } = asFailure(error);
        if (status === 409 || status === 404) onRefused();
        throw error;
      }
    });
  const remove = () =>
    take('delete', async () => {
      await deleteJob(job).catch((error: unknown) => {
        // It is gone already.
        if (asFailure(error).status !== 404) throw error;
      });
      say('Deleted the job.');
      return undefined;
    });

  return (
    <>
      {steps.failure && <FailureNotice failure={steps.failure} />}
      {asking && hasEnded(job) ? (
        <Confirmation busy={steps.busy} onConfirm={() => void remove()} onKeep={() => setAsking(false)} />
      ) : (
        <div class="dialog-actions">
          {hasEnded(job) && (
            <button type="button" class="btn btn-quiet" onClick={() => setAsking(true)}>
              <Icon name="trash" /> Delete
            </button>
          )}
          {job.status === 'failed' && (
            <button
              type="button"
              class="btn btn-primary"
              disabled={steps.busy}
              onClick={() => void take('retry', () => retryJob(job.id))}
            >
              <Icon name="retry" /> Retry
            </button>
          )}
          {job.status === 'queued' && (
            <button
              type="button"
              class="btn btn-primary"
              disabled={steps.busy}
              onClick={() => void take('cancel', () => cancelJob(job.id))}
            >
              <Icon name="close" /> Cancel job
            </button>
          )}
        </div>
      )}
    </>
  );
}

function Confirmation(props: { busy: boolean; onConfirm: () => void; onKeep: () => void }) {
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), []);
  return (
    <div class="dialog-actions" role="group" aria-label="Delete this job?">
      <p>Delete this job with its attempts and its result? This cannot be undone.</p>
      <button type="button" class="btn btn-quiet" ref={keep} onClick={props.onKeep}>
        Keep
      </button>
      <button type="button" class="btn btn-primary" disabled={props.busy} onClick={props.onConfirm}>
        <Icon name="trash" /> Delete
      </button>
    </div>
  );
}
