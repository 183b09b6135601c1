import { type Objective, objectives } from './objectives.js';
import type { Alert, Group, Times } from './rule.js';

/**
 * Multi-window burn rates (https://sre.google/workbook/alerting-on-slos/): an alert fires when a long window shows that it matters and a short one
 * that it is still happening. 14.4 times the rate that the objective allows uses up 2 % of a month's budget in an hour, 6 times 5 % in six hours.
 */
const BURNS = [
  { name: 'Fast', factor: 14.4, long: '1h', short: '5m', for: '2m', severity: 'page' },
  { name: 'Slow', factor: 6, long: '6h', short: '30m', for: '15m', severity: 'ticket' },
] as const;
const WINDOWS = ['5m', '30m', '1h', '6h'];

const DURATION = 'http_server_request_duration_seconds';

const selectorOf = ({ job, routes }: Objective) => `job="${job}",http_route=~"${routes}"`;

/** The share of requests that were answered with a 5xx. */
function errorRatio(objective: Objective, window: string): string {
  const rate = (more: string) => `sum(rate(${DURATION}_count{${selectorOf(objective)}${more}}[${window}]))`;
  // Without errors: 0. Without requests: 0, too, instead of NaN.
  return `(${rate(',http_response_status_code=~"5.."')} or vector(0)) / clamp_min(${rate('')}, 1e-9) or vector(0)`;
}

/** The share of requests that took too long. Errors have a separate rule, and a client that disconnected (499) did not wait for the end. */
function slowRatio(objective: Objective, window: string): string {
  const answered = `${selectorOf(objective)},http_response_status_code!~"5..|499"`;
  const rate = (series: string) => `sum(rate(${DURATION}${series}[${window}]))`;
  const quick = rate(`_bucket{${answered},le="${objective.withinSeconds}"}`);
  const all = rate(`_count{${answered}}`);
  return `(${all} - ${quick}) / clamp_min(${all}, 1e-9) or vector(0)`;
}

/** The ratios, recorded once for alerts and dashboards. */
export function burnRateRecords({ duration }: Times): Group {
  const rules = objectives.flatMap((objective) =>
    WINDOWS.flatMap((window) => {
      const labels = { route_group: objective.group };
      return [
        {
          record: `route_group:http_errors:ratio_rate${window}`,
          labels,
          expr: errorRatio(objective, duration(window)),
        },
        {
          record: `route_group:http_slow:ratio_rate${window}`,
          labels,
          expr: slowRatio(objective, duration(window)),
        },
      ];
    }),
  );
  return { name: 'objectives', rules };
}

export function burnRateAlerts({ duration }: Times): Group {
  const alert = (objective: Objective, burn: (typeof BURNS)[number], kind: 'errors' | 'slow'): Alert => {
    const budget = 1 - (kind === 'errors' ? objective.available : objective.quick);
    const threshold = Number((burn.factor * budget).toPrecision(6));
    const series = (window: string) =>
      `route_group:http_${kind}:ratio_rate${window}{route_group="${objective.group}"} > ${threshold}`;
    const name = kind === 'errors' ? 'ErrorBudgetBurns' : 'LatencyBudgetBurns';
    const fault = kind === 'errors' ? 'fail' : `take longer than ${objective.withinSeconds} s`;
    return {
      alert: `${name}${burn.name}`,
      expr: `${series(burn.long)} and ${series(burn.short)}`,
      for: duration(burn.for),
      severity: burn.severity,
      labels: { route_group: objective.group },
      summary: `Too many requests for ${objective.what} ${fault}: {{ $value | humanizePercentage }} in the last ${burn.long}.`,
      runbook: kind === 'errors' ? 'requests-fail' : 'requests-are-slow',
    };
  };
  return {
    name: 'burn-rates',
    alerts: objectives.flatMap((objective) =>
      BURNS.flatMap((burn) => (['errors', 'slow'] as const).map((kind) => alert(objective, burn, kind))),
    ),
  };
}
