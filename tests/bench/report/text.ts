import { shortNumber } from '../measure/describe.js';
import { sum } from '../measure/statistics.js';
import type { Usage } from '../measure/usage.js';
import type { Figure } from '../row.js';
import { describeGoal, judge } from '../verdict.js';

/** A figure as people read it while the suite runs: one line, and its details below. */
export function describeFigure(figure: Figure): string {
  const { ratio, low, high, met } = judge(figure);
  const [middle, from, to] = [ratio, low, high].map((value) => shortNumber(value ?? NaN));
  const unit = figure.goal.unit ? ` ${figure.goal.unit}` : '';
  const value = `${middle} [${from}-${to}]${unit}`;
  const lines = [
    `${figure.name.padEnd(16)} ${value.padEnd(24)} goal ${describeGoal(figure.goal).padEnd(8)} ${met ? 'met' : 'MISSED'}`,
  ];
  if (figure.detail) lines.push(figure.detail);
  if (figure.usage) lines.push(describeUsage(figure.usage));
  return lines.join('\n    ');
}

const LEAST_MS = 0.005;

/** CPU per request: services 0.42 ms (task-api 0.41, queue-worker 0.01), postgres 0.2, nginx 0.03; peak RSS task-api 132 MB */
function describeUsage({ cpuMs, peakBytes }: Usage): string {
  const entries = Object.entries(cpuMs).sort(([, one], [, other]) => other - one);
  const isService = ([name]: [string, number]) => name in peakBytes;
  const list = (some: [string, number][]) =>
    some
      .filter(([, ms]) => ms >= LEAST_MS)
      .map(([name, ms]) => `${name} ${shortNumber(ms)}`)
      .join(', ');
  const services = entries.filter(isService);
  const total = shortNumber(sum(services.map(([, ms]) => ms)));
  const servers = list(entries.filter((entry) => !isService(entry)));
  const peaks = Object.entries(peakBytes).sort(([, one], [, other]) => other - one);
  const busiest = peaks.slice(0, 3).map(([name, bytes]) => `${name} ${Math.round(bytes / 1e6)} MB`);
  return `CPU a request: services ${total} ms (${list(services)})${servers && `; ${servers}`}. Peak RSS: ${busiest.join(', ')}`;
}
