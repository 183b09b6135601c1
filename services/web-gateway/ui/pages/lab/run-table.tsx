import { duration } from '../../parts/time.js';
import type { LabRun } from './lab-run.js';

/** The figures of the chart. */
export function RunTable({ run }: { run: LabRun }) {
  const rows = [...run.done].sort((a, b) => a.request - b.request);
  return (
    <details class="run-table">
      <summary>Show as table</summary>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Requests of the run">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">Request</th>
              <th scope="col">Replica</th>
              <th scope="col">Waited</th>
              <th scope="col">Worked</th>
              <th scope="col">Finished at</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ request, pod, error, sent_ms, begun_ms, ended_ms }) => (
              <tr key={request}>
                <td>{request}</td>
                <td>{pod ?? error}</td>
                <td>{duration((begun_ms ?? ended_ms) - sent_ms)}</td>
                <td>{begun_ms === null ? '–' : duration(ended_ms - begun_ms)}</td>
                <td>{duration(ended_ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
