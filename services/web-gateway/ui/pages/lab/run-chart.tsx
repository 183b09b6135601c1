import type { LabRequest } from '@millrace/contracts';
import { duration } from '../../parts/time.js';
import type { LabRun } from './lab-run.js';

interface RunChartProps {
  run: LabRun;
  /** In ms since it began. */
  now: number;
  /** How long the previous run took, in ms. */
  before: number | undefined;
  colorOf: (pod: string) => string;
}

const TICKS = 5;
const STEPS = [1, 2, 5];

/** A bar for each request: thin while it waits, full while a replica works on it, in the replica's color. */
export function RunChart({ run, now, before, colorOf }: RunChartProps) {
  const { requests } = run.settings;
  const end = run.ms ?? now;
  const step = niceStep(Math.max(end, before ?? 0, 500) / TICKS);
  const span = Math.ceil((Math.max(end, before ?? 0, 500) * 1.04) / step) * step;
  const height = Math.min(22, Math.max(4, Math.floor(440 / requests)));
  const x = (ms: number) => `${(ms / span) * 100}%`;
  const ticks = Array.from({ length: Math.round(span / step) + 1 }, (_, index) => index * step);
  const top = (request: number) => rows.indexOf(request) * height;
  const rows = rowsOf(run);
  const done = new Set(run.done.map(({ request }) => request));
  const active = Object.entries(run.begun).filter(([request]) => !done.has(Number(request)));

  return (
    <figure class="run-chart">
      <svg height={requests * height} role="img" aria-label={describe(run)}>
        {ticks.slice(1, -1).map((ms) => (
          <line key={ms} class="grid" x1={x(ms)} x2={x(ms)} y1="0" y2="100%" />
        ))}
        {run.done.map((request) => (
          <Bar
            key={request.request}
            request={request}
            top={top(request.request)}
            height={height}
            x={x}
            colorOf={colorOf}
          />
        ))}
        {active.map(([request, begun]) => (
          <rect
            key={request}
            class="working"
            x={x(begun)}
            y={top(Number(request)) + height * 0.12}
            width={x(Math.max(0, end - begun))}
            height={height * 0.76}
            rx={Math.min(4, height * 0.3)}
          />
        ))}
        {before !== undefined && <line class="before" x1={x(before)} x2={x(before)} y1="0" y2="100%" />}
      </svg>
      <div class="run-axis figures" aria-hidden="true">
        {ticks.map((ms) => (
          <span key={ms} style={{ left: x(ms) }}>
            {ms / 1_000} s
          </span>
        ))}
      </div>
      {before !== undefined && (
        <figcaption>
          <span class="before-key" aria-hidden="true" /> The previous run took {duration(before)}.
        </figcaption>
      )}
    </figure>
  );
}

interface BarProps {
  request: LabRequest;
  top: number;
  height: number;
  x: (ms: number) => string;
  colorOf: (pod: string) => string;
}

function Bar({ request, top, height, x, colorOf }: BarProps) {
  const { request: number, sent_ms, begun_ms, ended_ms, pod, error } = request;
  const begun = begun_ms ?? ended_ms;
  return (
    <g class="request" data-pod={pod}>
      <title>
        {`Request ${number}: waited ${duration(begun - sent_ms)}, `}
        {pod === null ? (error ?? 'failed') : `${pod} worked ${duration(ended_ms - begun)}`}
      </title>
      <rect
        class="waiting"
        x={x(sent_ms)}
        y={top + height * 0.42}
        width={x(begun - sent_ms)}
        height={height * 0.16}
      />
      {pod === null ? (
        <rect class="failed" x={x(ended_ms)} y={top + height * 0.12} width="6" height={height * 0.76} />
      ) : (
        <rect
          class={colorOf(pod)}
          x={x(begun)}
          y={top + height * 0.12}
          width={x(ended_ms - begun)}
          height={height * 0.76}
          rx={Math.min(4, height * 0.3)}
        />
      )}
    </g>
  );
}

function describe({ settings, done, ms }: LabRun): string {
  const state =
    ms === undefined ? `${done.length} of ${settings.requests} requests done` : `all done in ${duration(ms)}`;
  return `Timeline of ${settings.requests} requests, ${settings.concurrency} at a time: ${state}. The table below has the same figures.`;
}

/** A row for each request, in the order in which they were begun, so that existing rows do not move. */
function rowsOf({ begun, done }: LabRun): number[] {
  const begins = new Map(done.map(({ request, ended_ms }) => [request, ended_ms]));
  for (const [request, ms] of Object.entries(begun)) begins.set(Number(request), ms);
  return [...begins].sort(([, a], [, b]) => a - b).map(([request]) => request);
}

/** 1, 2 or 5 times a power of ten, in ms. */
function niceStep(ms: number): number {
  const power = 10 ** Math.floor(Math.log10(ms));
  return (STEPS.find((step) => step * power >= ms) ?? 10) * power;
}
