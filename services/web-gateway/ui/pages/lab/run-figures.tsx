import { duration } from '../../parts/time.js';
import { type LabRun, sharesOf } from './lab-run.js';

interface RunFiguresProps {
  run: LabRun;
  now: number;
  /** How many times as fast as the previous run. */
  factor: number | undefined;
  colorOf: (pod: string) => string;
}

/** The key figures, and how the replicas shared the work. */
export function RunFigures({ run, now, factor, colorOf }: RunFiguresProps) {
  const { requests } = run.settings;
  const shares = sharesOf(run);
  const failed = run.done.filter(({ status }) => status >= 300);
  const ms = run.ms ?? now;
  return (
    <>
      <dl class="run-figures figures">
        <div>
          <dt>Done</dt>
          <dd>
            {run.done.length}
            <span> of {requests}</span>
          </dd>
        </div>
        <div>
          <dt>Time</dt>
          <dd>{duration(ms)}</dd>
        </div>
        <div>
          <dt>Requests/s</dt>
          <dd>{ms > 0 ? ((run.done.length / ms) * 1_000).toFixed(1) : '–'}</dd>
        </div>
        <div>
          <dt>Speed-up over the previous run</dt>
          <dd class="is-accent">{factor === undefined ? '–' : `${factor.toFixed(2)}×`}</dd>
        </div>
      </dl>
      {shares.length > 0 && (
        <ul class="shares figures" aria-label="Requests per replica">
          {shares.map(({ pod, requests: served }) => (
            <li key={pod}>
              <span class={`pod-dot ${colorOf(pod)}`} aria-hidden="true" />
              <span>{pod}</span>
              <strong>{served}</strong>
              <span class="quiet">{Math.round((served / run.done.length) * 100)} %</span>
            </li>
          ))}
        </ul>
      )}
      {failed.length > 0 && (
        <p class="run-failed">
          {failed.length} failed: {failed[0]!.error}
        </p>
      )}
    </>
  );
}
