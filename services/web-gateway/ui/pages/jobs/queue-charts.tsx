import { JOB_STATUSES } from '@millrace/contracts/constants';
import { Fragment } from 'preact';
import { AreaChart } from '../../parts/area-chart.js';
import { STATUS_WORDS } from '../../parts/badge.js';
import { duration } from '../../parts/time.js';
import { jobHistory, type Sample, throughputOf } from '../../state/job-history.js';
import { useStore } from '../../state/store.js';

const ROOM = 120;

/** The queue over the last two minutes. */
export function QueueCharts() {
  const samples = useStore(jobHistory);
  const now = samples.at(-1);
  const oldest = now?.summary.oldest_waiting_s ?? null;
  const depths = samples.map(depthOf);
  const waits = samples.map(({ summary }) => summary.oldest_waiting_s ?? 0);
  // Averaged over five seconds, because single seconds vary too much.
  const rates = throughputOf(samples).map((_rate, index, all) =>
    mean(all.slice(Math.max(0, index - 4), index + 1)),
  );
  return (
    <div class="charts" aria-busy={!now}>
      <Chart title="In the queue" value={now ? String(depthOf(now)) : '–'} unit="jobs" values={depths} />
      <Chart
        title="Oldest waiting"
        value={oldest === null ? 'none' : duration(oldest * 1_000)}
        values={waits}
      />
      <Chart
        title="Throughput"
        value={now ? (rates.at(-1) ?? 0).toFixed(1) : '–'}
        unit="jobs/s"
        values={rates}
        note={now && `${now.summary.completed_last_minute.toLocaleString('en')} in the last minute`}
      />
      <section class="panel chart states">
        <h2>Jobs by status</h2>
        <ul class="figures">
          {JOB_STATUSES.map((status) => (
            <Fragment key={status}>
              <Count of={status} words={STATUS_WORDS[status]} count={now?.summary.counts[status]} />
              {status === 'queued' && (
                <Count of="scheduled" words="of which scheduled" count={now?.summary.scheduled} />
              )}
            </Fragment>
          ))}
        </ul>
      </section>
    </div>
  );
}

function Count({ of, words, count }: { of: string; words: string; count: number | undefined }) {
  return (
    <li class={`is-${of}`}>
      <span>{words}</span>
      <strong>{count?.toLocaleString('en') ?? '–'}</strong>
    </li>
  );
}

function Chart(props: {
  title: string;
  value: string;
  unit?: string;
  values: number[];
  note?: string | undefined;
}) {
  const { title, value, unit = '', values, note } = props;
  const highest = Math.max(0, ...values);
  return (
    <section class="panel chart">
      <h2>{title}</h2>
      <p class="chart-value figures">
        {value} {unit && <span>{unit}</span>}
      </p>
      {note && <p class="chart-note figures">{note}</p>}
      <AreaChart
        label={`${title} over the last two minutes: now ${value} ${unit}, highest ${Math.round(highest * 10) / 10}.`}
        values={values}
        room={ROOM}
      />
    </section>
  );
}

/** Jobs scheduled for later are not load yet. */
function depthOf({ summary: { counts, due } }: Sample): number {
  return due + counts.processing;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
