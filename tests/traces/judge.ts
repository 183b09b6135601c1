import { orphansOf, type ReceivedSpan } from '../support/otlp-receiver.js';
import { EXPORT_DELAY_MS, type TracedJob, type TraceRun } from './run-traces.js';

/** What is wrong, in words; empty when every job has its trace. */
export function judge({ jobs, spans, kills }: TraceRun): string[] {
  const byTrace = new Map<string, ReceivedSpan[]>();
  for (const span of spans) byTrace.set(span.traceId, [...(byTrace.get(span.traceId) ?? []), span]);
  /** Whether a killed worker lost spans that it would have exported around this time. */
  const isTaken = (time: number, pod?: string) =>
    kills.some((kill) => (!pod || kill.pod === pod) && Math.abs(kill.at - time) < TAKEN_MS);
  const orphans = orphansOf(spans).filter(({ start, end }) => !isTaken(start) && !isTaken(end));
  return [
    ...jobs.flatMap((job) =>
      problemsOf(job, byTrace.get(job.traceId) ?? [], isTaken).map((problem) => `${job.id}: ${problem}`),
    ),
    ...orphans.map(({ service, name, traceId }) => `${service} ${name} in ${traceId}: has no parent`),
  ];
}

/** The longest step of a job, and how long its span may wait to be exported. */
const TAKEN_MS = 1_000 + 2 * EXPORT_DELAY_MS;
/** The part of a job's time that its spans may leave out or count twice. */
const TOLERANCE = 0.05;

function problemsOf(
  { id, created, finished }: TracedJob,
  trace: ReceivedSpan[],
  isTaken: (time: number, pod?: string) => boolean,
): string[] {
  const problems: string[] = [];
  const named = (name: string) => trace.filter((span) => span.name === name);

  const roots = trace.filter(({ parentSpanId }) => parentSpanId === undefined);
  if (roots.length !== 1) problems.push(`its trace has ${roots.length} roots`);

  const attempts = named('attempt jobs');
  const jobIds = new Set(attempts.map(({ attributes }) => attributes['messaging.message.id']));
  if (!jobIds.has(id) || jobIds.size !== 1)
    problems.push(`its trace is that of ${[...jobIds].join(', ') || 'no job'}`);

  const completed = attempts.filter(({ attributes }) => attributes['millrace.job.outcome'] === 'completed');
  if (completed.length !== 1) problems.push(`${completed.length} attempts were completed`);
  for (const { attributes, status } of attempts) {
    const outcome = attributes['millrace.job.outcome'];
    if ((outcome === 'completed') === (status.code === 2))
      problems.push(`an attempt is ${String(outcome)}, and yet not marked so`);
  }
  for (const { spanId, end, attributes } of completed) {
    const work = named('process jobs').some(({ parentSpanId }) => parentSpanId === spanId);
    if (!work && !isTaken(end, String(attributes['millrace.pod'])))
      problems.push('its worker has told nothing');
  }

  if (named('publish jobs').length === 0) problems.push('it was not published');

  const told = [...named('wait jobs'), ...attempts].reduce((sum, { start, end }) => sum + end - start, 0);
  if (Math.abs(told / (finished - created) - 1) > TOLERANCE)
    problems.push(
      `waiting and attempts add up to ${Math.round(told)} of ${Math.round(finished - created)} ms`,
    );
  return problems;
}
