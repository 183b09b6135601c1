import { stringify } from 'yaml';
import { burnRateAlerts, burnRateRecords } from './burn-rates.js';
import type { Times } from './rule.js';
import { serverAlerts } from './server-alerts.js';
import { workAlerts } from './work-alerts.js';

/** Put your copy's URL in front of it, if alerts should have a link. */
const RUNBOOK = 'docs/OPERATIONS.md';

/**
 * The rules as Prometheus reads them.
 *
 * @param factor by which all durations and windows are shortened, for a test that cannot wait an hour. Default 1
 */
export function rulesFile(factor = 1): string {
  const seconds = (text: string) => Math.max(1, Math.round(secondsOf(text) * factor));
  const times: Times = { seconds, duration: (text) => (factor === 1 ? text : `${seconds(text)}s`) };
  const groups = [burnRateRecords(times), burnRateAlerts(times), workAlerts(times), serverAlerts(times)];
  return stringify(
    {
      groups: groups.map(({ name, rules = [], alerts = [] }) => ({
        name,
        rules: [
          ...rules,
          ...alerts.map(({ alert, expr, for: duration, severity, labels, summary, runbook }) => ({
            alert,
            expr,
            ...(duration ? { for: duration } : {}),
            labels: { severity, ...labels },
            annotations: { summary, runbook_url: `${RUNBOOK}#${runbook}` },
          })),
        ],
      })),
    },
    { lineWidth: 0, singleQuote: true },
  );
}

const SECONDS = { s: 1, m: 60, h: 3_600 };

function secondsOf(duration: string): number {
  const [, number, unit] = /^(\d+)([smh])$/.exec(duration)!;
  return Number(number) * SECONDS[unit as keyof typeof SECONDS];
}
