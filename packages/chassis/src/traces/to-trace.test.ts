import { TRACE_SPANS_MAX } from '@millrace/contracts';
import { exportOf, type MadeSpan, traceIdOf } from '../../../../tests/support/otlp-spans.js';
import { exportRequestSchema } from './otlp.js';
import { toTrace } from './to-trace.js';

const traceOf = (spans: MadeSpan[]) => toTrace(exportRequestSchema.parse(exportOf(spans)).resourceSpans);
const span = (own: Partial<MadeSpan> & { span: number }): MadeSpan => ({ trace: 1, ...own });

it('puts each span after its parent, and siblings in the order in which they began', () => {
  const trace = traceOf([
    span({ span: 5, parent: 3, name: 'e', start: 1_040 }),
    span({ span: 3, parent: 1, name: 'c', start: 1_030, ms: 70 }),
    span({ span: 1, name: 'a', start: 1_000, ms: 50 }),
    span({ span: 4, parent: 2, name: 'd', start: 1_050 }),
    span({ span: 2, parent: 1, name: 'b', start: 1_020.5 }),
  ])!;
  expect(trace).toMatchObject({
    trace_id: traceIdOf(1),
    started_at: '1970-01-01T00:00:01.000Z',
    duration_ms: 100,
    omitted: 0,
  });
  expect(trace.spans.map(({ name, depth, start_ms }) => [name, depth, start_ms])).toEqual([
    ['a', 0, 0],
    ['b', 1, 20.5],
    ['d', 2, 50],
    ['c', 1, 30],
    ['e', 2, 40],
  ]);
});

it('shows spans with a missing parent at the top', () => {
  const { spans } = traceOf([span({ span: 1 }), span({ span: 2, parent: 9, start: 2_000 })])!;
  expect(spans).toMatchObject([
    { depth: 0, parent_id: null, is_orphan: false },
    { depth: 0, parent_id: '0000000000000009', is_orphan: true },
  ]);
});

it('shows work done for a killed worker in its lost attempt', () => {
  const attempt = { parent: 1, name: 'attempt jobs', ms: 100 };
  const { spans } = traceOf([
    span({ span: 1, name: 'POST /upload', ms: 5 }),
    span({ span: 2, ...attempt, start: 1_010, attributes: { 'millrace.job.outcome': 'lost' } }),
    span({ span: 3, ...attempt, start: 1_200, attributes: { 'millrace.job.outcome': 'completed' } }),
    span({ span: 4, parent: 98, name: 'before', start: 1_009 }),
    span({ span: 5, parent: 99, name: 'in the lost one', start: 1_050 }),
    span({ span: 6, parent: 5, name: 'inside of that', start: 1_051 }),
    span({ span: 7, parent: 97, name: 'in the completed one', start: 1_250 }),
  ])!;
  expect(spans.map(({ name, depth, is_orphan }) => [name, depth, is_orphan])).toEqual([
    ['POST /upload', 0, false],
    ['attempt jobs', 1, false],
    ['in the lost one', 2, true],
    ['inside of that', 3, false],
    ['attempt jobs', 1, false],
    ['before', 0, true],
    ['in the completed one', 0, true],
  ]);
});

it.each<[string, Partial<MadeSpan>]>([
  ['request', { kind: 2 }],
  ['call', { kind: 3 }],
  ['publish', { kind: 4, name: 'publish jobs' }],
  ['work', { kind: 5, name: 'process jobs' }],
  ['sql', { kind: 3, attributes: { 'db.system.name': 'postgresql' } }],
  ['redis', { kind: 3, attributes: { 'db.system.name': 'redis' } }],
  ['wait', { name: 'wait jobs', attributes: { 'millrace.job.attempt': 2 } }],
  ['other', { kind: 1 }],
])('names what a span is: %s', (type, own) => {
  expect(traceOf([span({ span: 1, ...own })])?.spans).toMatchObject([{ type, pod: 'things-1', error: null }]);
});

it('says which worker had an attempt, and how it ended', () => {
  const attributes = {
    'millrace.job.attempt': 1,
    'millrace.job.outcome': 'lost',
    'millrace.pod': 'queue-worker-2',
  };
  const { spans } = traceOf([span({ span: 1, name: 'attempt jobs', attributes, error: 'lease lost' })])!;
  expect(spans).toMatchObject([
    {
      type: 'attempt',
      attempt: 1,
      outcome: 'lost',
      pod: 'queue-worker-2',
      service: 'things',
      error: 'lease lost',
    },
  ]);
});

it('says how a span failed, by the type of its error', () => {
  const { spans } = traceOf([
    span({ span: 1, error: '', attributes: { 'error.type': 'ECONNREFUSED' } }),
    span({ span: 2, error: '', start: 1_001 }),
  ])!;
  expect(spans.map(({ error }) => error)).toEqual(['ECONNREFUSED', 'failed']);
});

it('limits the number of spans, and survives spans that are each other’s parents', () => {
  const chain = Array.from({ length: TRACE_SPANS_MAX + 5 }, (_, index) =>
    span({ span: index + 1, start: 1_000 + index, ...(index > 0 && { parent: index }) }),
  );
  const trace = traceOf(chain)!;
  expect(trace.spans).toHaveLength(TRACE_SPANS_MAX);
  expect(trace.spans.at(-1)).toMatchObject({ depth: TRACE_SPANS_MAX - 1 });
  expect(trace.omitted).toBe(5);

  const circle = traceOf([span({ span: 1, parent: 2 }), span({ span: 2, parent: 1 }), span({ span: 3 })])!;
  expect(circle.spans.map(({ id }) => id)).toEqual(['0000000000000003']);
  expect(circle.omitted).toBe(2);
});

it('is undefined without spans', () => {
  expect(toTrace([])).toBeUndefined();
});
