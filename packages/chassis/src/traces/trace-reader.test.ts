import express from 'express';
import { exportOf, traceIdOf } from '../../../../tests/support/otlp-spans.js';
import { FAULT_ANSWER_MS } from '../../../../tests/support/fault-time.js';
import { deserted, type Listener, listenOnFreePort } from '../../../../tests/support/listen.js';
import { type HttpProblem, Unavailable } from '../http/problem.js';
import { ownerMark } from '../process/context/ownership.js';
import { withSignal } from '../process/context/request-context.js';
import { createTraceReader, type TraceReader } from './trace-reader.js';

/** What the store answers, by trace. Undefined: no response. */
const ANSWERS: Record<string, { status: number; body: string } | undefined> = {
  [traceIdOf(1)]: {
    status: 200,
    body: JSON.stringify({ result: exportOf([{ trace: 1, span: 1, name: 'one' }]) }),
  },
  [traceIdOf(8)]: {
    status: 200,
    body: JSON.stringify({
      result: exportOf([
        {
          trace: 8,
          span: 1,
          name: 'POST /upload',
          attributes: { 'millrace.owner_mark': ownerMark(traceIdOf(8), 'ada') },
        },
        { trace: 8, span: 2, parent: 1, name: 'POST blur-worker' },
      ]),
    }),
  },
  [traceIdOf(9)]: {
    status: 200,
    body: JSON.stringify({
      result: exportOf([
        { trace: 9, span: 1, name: 'GET /' },
        { trace: 9, span: 2, parent: 1, name: 'POST /upload' },
      ]),
    }),
  },
  // As Jaeger does.
  [traceIdOf(2)]: { status: 404, body: '{"error":{"httpCode":404,"message":"No traces found"}}' },
  [traceIdOf(3)]: { status: 200, body: '{"result":{"resourceSpans":[{"scopeSpans":7}]}}' },
  [traceIdOf(4)]: { status: 200, body: '<html></html>' },
  [traceIdOf(5)]: { status: 500, body: '{}' },
  [traceIdOf(6)]: { status: 200, body: `{"result":{},"padding":"${'x'.repeat(2 * 1024 ** 2)}"}` },
  [traceIdOf(7)]: { status: 200, body: '{"result":{}}' },
};

let listener: Listener;
let traces: TraceReader;
beforeAll(async () => {
  const app = express();
  app.get('/base/api/v3/traces/:id', (req, res) => {
    const answer = ANSWERS[req.params.id];
    if (answer) res.status(answer.status).type('json').send(answer.body);
  });
  listener = await listenOnFreePort(app);
  traces = createTraceReader(`${listener.url}/base/`);
});
afterAll(async () => {
  await traces.close();
  await listener.close();
});

const parentOf = (trace: number) => `00-${traceIdOf(trace)}-00000000000000aa-01`;
const failure = (trace: number) =>
  traces.read(parentOf(trace)).catch((error: unknown) => error as HttpProblem);

it('reads the trace of a traceparent', async () => {
  expect(await traces.read(parentOf(1))).toMatchObject({ trace_id: traceIdOf(1), spans: [{ name: 'one' }] });
});

it.each([
  ['the store has none', 2],
  ['it has no spans', 7],
])('is a 404 when %s', async (_what, trace) => {
  expect(await failure(trace)).toMatchObject({ status: 404 });
});

it('is a 404 without a traceparent', async () => {
  await expect(traces.read(null)).rejects.toMatchObject({ status: 404 });
  await expect(traces.read(undefined)).rejects.toMatchObject({ status: 404 });
});

it.each([
  ['is of another form', 3, 502],
  ['is a page', 4, 502],
  ['is an error', 5, 503],
  ['is larger than 2 MiB', 6, 502],
])('says so when the answer %s', async (_what, trace, status) => {
  expect(await failure(trace)).toMatchObject({ status });
});

it.each([
  ['its owner', 'ada', 8],
  ['everyone, without owners', null, 8],
])('shows the trace of an upload to %s', async (_who, owner, trace) => {
  const begun = { request: 'POST /upload', owner };
  expect((await traces.readBegunWith(traceIdOf(trace), begun)).spans).toHaveLength(2);
});

it.each([
  ['somebody else', 'bob', 'POST /upload', 8],
  ['nobody in particular', '', 'POST /upload', 8],
  ['anyone, when it began with another request', null, 'POST /analyze', 8],
  ['anyone, when the request came later', null, 'POST /upload', 9],
  ['somebody, when it has no owner', 'ada', 'POST /upload', 9],
])('shows no trace to %s', async (_who, owner, request, trace) => {
  await expect(traces.readBegunWith(traceIdOf(trace), { request, owner })).rejects.toMatchObject({
    status: 404,
  });
});

it('stops when its client has disconnected', async () => {
  const leaves = new AbortController();
  const reading = withSignal(leaves.signal, () => failure(99));
  leaves.abort();
  const begun = performance.now();
  expect(await reading).toBeInstanceOf(Unavailable);
  expect(await traces.read(parentOf(1))).toMatchObject({ spans: [{ name: 'one' }] });
  // Otherwise after 3.5 s.
  expect(performance.now() - begun).toBeLessThan(3_000);
});

it('keeps no request waiting longer than that, however many there are', async () => {
  const begun = performance.now();
  // One after the other, 3.5 s each, they would take 14 s.
  await Promise.all([1, 2, 3, 4].map(() => failure(99)));
  expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
});

it('is unavailable when the store does not respond, and reads others afterwards', async () => {
  const begun = performance.now();
  expect(await failure(99)).toBeInstanceOf(Unavailable);
  expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
  expect(await traces.read(parentOf(1))).toMatchObject({ spans: [{ name: 'one' }] });

  const away = createTraceReader(await deserted());
  await expect(away.read(parentOf(1))).rejects.toThrow(Unavailable);
  await away.close();
});
