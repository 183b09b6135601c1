import type { Job, JobAttempt } from '@millrace/contracts';
import { useState } from 'preact/hooks';
import { duration } from '../../parts/time.js';
import { useEvery } from '../../state/use-every.js';

const OUTCOME_WORDS = {
  completed: 'completed',
  failed: 'failed',
  lost: 'lost: the worker stopped or took too long',
};

/**
 * A bar for each attempt, over the time since the job was accepted.
 *
 * @param props.stopped whether the clock has stopped
 */
export function JobTimeline({ job, stopped }: { job: Job; stopped: boolean }) {
  const [now, setNow] = useState(Date.now());
  const begin = Date.parse(job.created_at);
  const end = Math.max(begin + 1, job.finished_at === null ? now : Date.parse(job.finished_at));
  useEvery(250, () => job.finished_at === null && !stopped && setNow(Date.now()));
  const place = (time: number) => `${Math.min(100, Math.max(0, ((time - begin) / (end - begin)) * 100))}%`;

  return (
    <section class="timeline" aria-label="Timeline">
      <svg aria-hidden="true">
        <line x1="0" x2="100%" y1="50%" y2="50%" />
        {job.attempts.map((attempt) => {
          const from = Date.parse(attempt.started_at);
          const to = attempt.finished_at === null ? end : Date.parse(attempt.finished_at);
          return (
            <svg key={attempt.attempt} x={place(from)} overflow="visible">
              <rect
                class={`is-${attempt.outcome ?? 'running'}`}
                y="4"
                height="20"
                rx="4"
                width={`${Math.max(0.75, ((to - from) / (end - begin)) * 100)}%`}
              />
            </svg>
          );
        })}
      </svg>
      <p class="timeline-ends figures">
        <span>accepted</span>
        <span>
          {job.finished_at === null ? 'now' : 'finished'} +{duration(end - begin)}
        </span>
      </p>
      {job.attempts.length === 0 && <p class="quiet">{waitingWords(job, now)}</p>}
      {job.attempt_count > job.attempts.length && (
        <p class="quiet">
          Showing the last {job.attempts.length} of {job.attempt_count} attempts.
        </p>
      )}
      <ol class="attempts">
        {job.attempts.map((attempt) => (
          <AttemptLine key={attempt.attempt} attempt={attempt} begin={begin} />
        ))}
      </ol>
    </section>
  );
}

function waitingWords({ status, run_at }: Job, now: number): string {
  if (status === 'cancelled') return 'Cancelled before a worker started it.';
  const untilDue = Date.parse(run_at) - now;
  return untilDue > 0 ? `Scheduled for ${new Date(run_at).toLocaleString('en')}.` : 'Waiting for a worker.';
}

function AttemptLine({ attempt, begin }: { attempt: JobAttempt; begin: number }) {
  const { outcome, pod, started_at, finished_at, error } = attempt;
  const started = Date.parse(started_at);
  return (
    <li>
      <p>
        <span class={`outcome is-${outcome ?? 'running'}`} aria-hidden="true" />
        <strong>Attempt {attempt.attempt}</strong> on {pod}, {outcome ? OUTCOME_WORDS[outcome] : 'running'}
      </p>
      <p class="quiet figures">
        started after {duration(started - begin)}
        {finished_at !== null && `, took ${duration(Date.parse(finished_at) - started)}`}
      </p>
      {error !== null && <p class="attempt-error">{error}</p>}
    </li>
  );
}
