import type { Job } from '@millrace/contracts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { asFailure } from '../../api/failure.js';
import { cancelJob, deleteJob, hasFinished, retryJob } from '../../api/jobs.js';
import { Icon } from '../../parts/icon.js';
import { FailureNotice } from '../../parts/notice.js';
import { say } from '../../state/toasts.js';
import { useForm } from '../../state/use-form.js';

interface JobStepsProps {
  job: Job;
  /** @param job undefined when it was deleted */
  onChanged: (job: Job | undefined) => void;
  /** The server refused: the job has changed since it was loaded. */
  onRefused: () => void;
}

/** The actions for a job: cancel it while it is queued, retry it when it has failed, delete it when it has finished. */
export function JobSteps({ job, onChanged, onRefused }: JobStepsProps) {
  const steps = useForm({});
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
        // It is already gone.
        if (asFailure(error).status !== 404) throw error;
      });
      say('Job deleted.');
      return undefined;
    });

  return (
    <>
      {steps.failure && <FailureNotice failure={steps.failure} />}
      {asking && hasFinished(job) ? (
        <Confirmation busy={steps.busy} onConfirm={() => void remove()} onKeep={() => setAsking(false)} />
      ) : (
        <div class="dialog-actions">
          {hasFinished(job) && (
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
