import type { Trace, TraceSpan } from '@millrace/contracts';
import { duration } from '../time.js';

const TYPE_WORDS: Record<TraceSpan['type'], string> = {
  request: 'request',
  call: 'call',
  sql: 'SQL',
  redis: 'Redis',
  publish: 'queue',
  wait: 'wait',
  attempt: 'attempt',
  work: 'work',
  other: 'step',
};

/** A trace as a table: a row for each span, with a bar on the time scale of the whole. Everything that a bar shows is there in words, too. */
export function Waterfall({ trace }: { trace: Trace }) {
  const { spans, omitted, duration_ms } = trace;
  const replicas = new Set(spans.map(({ pod, service }) => pod ?? service)).size;
  return (
    <>
      <p class="quiet figures">
        {duration(duration_ms)} · {count(spans.length, 'span')} · {count(replicas, 'replica')}
        {omitted > 0 && ` · ${omitted} more not shown`}
      </p>
      <div class="table-scroll" tabIndex={0} role="group" aria-label="Spans of the trace">
        <table class="waterfall">
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">Replica</th>
              <th scope="col">
                <div class="axis">
                  <span>When</span>
                  <span aria-hidden="true">{duration(duration_ms)}</span>
                </div>
              </th>
              <th scope="col">Took</th>
            </tr>
          </thead>
          <tbody>
            {spans.map((span) => (
              <Row key={span.id} span={span} wholeMs={duration_ms} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Row({ span, wholeMs }: { span: TraceSpan; wholeMs: number }) {
  const { type, depth, service, pod, start_ms, duration_ms, is_orphan, error } = span;
  const outcome = span.outcome ?? (error === null ? undefined : 'failed');
  return (
    <tr class={`is-${type} ${outcome ? `is-${outcome}` : ''}`}>
      <th scope="row">
        <div class="step" style={{ '--depth': depth }}>
          <span class="visually-hidden">Level {depth + 1}: </span>
          <span class="step-type">{TYPE_WORDS[type]}</span>
          <span>{nameOf(span)}</span>
          {outcome && <span class="step-outcome">{span.outcome ?? error}</span>}
          {is_orphan && <span class="quiet">caller not recorded</span>}
        </div>
      </th>
      <td>{pod ?? service}</td>
      <td class="when" title={`after ${duration(start_ms)}`}>
        <Bar from={start_ms / wholeMs} part={duration_ms / wholeMs} />
        <span class="visually-hidden">after {duration(start_ms)}</span>
      </td>
      <td class="figures">{tookWords(duration_ms)}</td>
    </tr>
  );
}

function nameOf({ type, name, attempt }: TraceSpan): string {
  if (type === 'attempt') return `Attempt ${attempt ?? ''}`;
  if (type === 'wait') return `Waits for attempt ${attempt ?? ''}`;
  return name;
}

/** @param props.from 0 to 1, like `part`; NaN for a trace that took no time */
function Bar({ from, part }: { from: number; part: number }) {
  const width = Math.max(SMALLEST, part || 0);
  const x = Math.min(1 - width, from || 0);
  return (
    <svg aria-hidden="true">
      <rect x={`${x * 100}%`} width={`${width * 100}%`} y="15%" height="70%" rx="2" />
    </svg>
  );
}

/** The narrowest bar that is still visible. */
const SMALLEST = 0.008;

/** Most statements take less than a millisecond. */
function tookWords(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : duration(ms);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
