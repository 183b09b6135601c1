import type { LabRunQuery } from '@millrace/contracts';
import { LAB_CONCURRENCY, LAB_REQUESTS } from '@millrace/contracts/constants';
import { useState } from 'preact/hooks';
import { getHealth } from '../../api/health.js';
import { Field } from '../../parts/field.js';
import { EFFECT_WORDS } from '../../parts/hops.js';
import { Icon } from '../../parts/icon.js';
import { Empty, FailureNotice } from '../../parts/notice.js';
import { PageHead } from '../../parts/page-head.js';
import { Select } from '../../parts/select.js';
import { useEvery } from '../../state/use-every.js';
import { useLoad } from '../../state/use-load.js';
import { useStore } from '../../state/store.js';
import { pastRuns, speedUp } from './lab-history.js';
import { byName } from './lab-run.js';
import { replicasOf, ReplicasNow } from './replicas-now.js';
import { RunChart } from './run-chart.js';
import { RunFigures } from './run-figures.js';
import { RunHistory } from './run-history.js';
import { RunTable } from './run-table.js';
import { useLab } from './use-lab.js';

const LOOK_EVERY_MS = 2_000;
const COLORS = 8;
const DEFAULTS: LabRunQuery = {
  effect: 'blur',
  requests: LAB_REQUESTS.default,
  concurrency: LAB_CONCURRENCY.default,
};

export function LabPage() {
  const [settings, setSettings] = useState(DEFAULTS);
  const { run, running, failure, now, start, stop } = useLab();
  const { data: health, refresh } = useLoad('health', getHealth);
  useEvery(LOOK_EVERY_MS, refresh);
  const past = useStore(pastRuns);

  const pods = replicasOf(health, `${settings.effect}-worker`);
  const colorOf = colors([...pods, ...(run?.done.flatMap(({ pod }) => pod ?? []) ?? [])]);
  // A run that has ended is itself the first of the past runs.
  const ended = run?.ms !== undefined;
  const before = ended ? past[1] : past[0];

  return (
    <>
      <PageHead
        title="Scaling lab"
        about="Sends the same image many times, and shows which replica serves each request and how much more replicas help."
      />
      <div class="lab-top">
        <form
          class="panel stack lab-form"
          onSubmit={(event) => {
            event.preventDefault();
            if (running) stop();
            else void start(settings);
          }}
        >
          <div class="form-row">
            <Field label="Effect">
              <Select
                words={EFFECT_WORDS}
                disabled={running}
                value={settings.effect}
                onChange={(effect) => setSettings({ ...settings, effect })}
              />
            </Field>
            <Field label="Requests">
              <input
                type="number"
                class="form-control figures"
                required
                min={1}
                max={LAB_REQUESTS.max}
                disabled={running}
                value={settings.requests}
                onInput={({ currentTarget }) =>
                  setSettings({ ...settings, requests: currentTarget.valueAsNumber })
                }
              />
            </Field>
            <Field label="Concurrency">
              <input
                type="number"
                class="form-control figures"
                required
                min={1}
                max={LAB_CONCURRENCY.max}
                disabled={running}
                value={settings.concurrency}
                onInput={({ currentTarget }) =>
                  setSettings({ ...settings, concurrency: currentTarget.valueAsNumber })
                }
              />
            </Field>
            <button type="submit" class={`btn ${running ? 'btn-quiet' : 'btn-primary'}`}>
              <Icon name={running ? 'stop' : 'play'} /> {running ? 'Stop' : 'Run'}
            </button>
          </div>
          <p class="field-hint">
            The gateway sends the requests, as it does for uploads. Start Millrace with{' '}
            <code>BLUR_DELAY_MS=2000</code> to make each blur take two seconds.
          </p>
        </form>
        <ReplicasNow service={`${settings.effect}-worker`} pods={pods} colorOf={colorOf} />
      </div>
      {failure && <FailureNotice failure={failure} onRetry={() => void start(settings)} />}
      {!run && past.length === 0 && (
        <Empty icon="lab" title="No runs yet">
          Run twenty requests, add replicas, and run again.
        </Empty>
      )}
      {run && (
        <section class="panel run" aria-label="Run" data-ended={ended}>
          <RunFigures
            run={run}
            now={now}
            factor={ended ? speedUp(past[0], past[1]) : undefined}
            colorOf={colorOf}
          />
          <RunChart run={run} now={now} before={before?.ms} colorOf={colorOf} />
          {ended && <RunTable run={run} />}
        </section>
      )}
      <RunHistory />
      <p class="visually-hidden" role="status">
        {ended && run.ms !== undefined && `The run took ${(run.ms / 1_000).toFixed(1)} seconds.`}
      </p>
    </>
  );
}

/** A CSS class with a color for each replica; it stays the same as long as the replicas do. */
function colors(pods: string[]): (pod: string) => string {
  const names = [...new Set(pods)].sort(byName);
  return (pod) => `pod-${(names.indexOf(pod) % COLORS) + 1}`;
}
