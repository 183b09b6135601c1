import { EFFECT_WORDS } from '../../parts/hops.js';
import { Ago, duration } from '../../parts/time.js';
import { useStore } from '../../state/store.js';
import { clearRuns, pastRuns, speedUp } from './lab-history.js';

export function RunHistory() {
  const runs = useStore(pastRuns);
  if (runs.length === 0) return null;
  return (
    <section class="panel history">
      <div class="result-head">
        <h2 class="h6">Previous runs</h2>
        <button type="button" class="btn btn-sm btn-quiet" onClick={clearRuns}>
          Clear
        </button>
      </div>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Previous runs">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Effect</th>
              <th scope="col">Requests</th>
              <th scope="col">Concurrency</th>
              <th scope="col">Replicas</th>
              <th scope="col">Time</th>
              <th scope="col">Requests/s</th>
              <th scope="col">Speed-up</th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run, index) => {
              const factor = speedUp(run, runs[index + 1]);
              return (
                <tr key={run.startedAt}>
                  <td>
                    <Ago time={new Date(run.startedAt).toISOString()} />
                  </td>
                  <td>{EFFECT_WORDS[run.settings.effect]}</td>
                  <td>
                    {run.settings.requests}
                    {run.failed > 0 && ` (${run.failed} failed)`}
                  </td>
                  <td>{run.settings.concurrency}</td>
                  <td>{run.pods}</td>
                  <td>{duration(run.ms)}</td>
                  <td>{((run.settings.requests / run.ms) * 1_000).toFixed(1)}</td>
                  <td>{factor === undefined ? '–' : `${factor.toFixed(2)}×`}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
