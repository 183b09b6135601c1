// The spans of the bundled services, as they run locally and in the images: bundling must not lose any.
import { startStack, type Stack } from '../../local/stack/stack.js';
import { eventually } from '../support/eventually.js';
import { makeImage } from '../support/images.js';
import { orphansOf, type OtlpReceiver, startOtlpReceiver, treeOf } from '../support/otlp-receiver.js';

let receiver: OtlpReceiver;
let stack: Stack;
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  stack = await startStack({
    port: 'free',
    env: { all: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '100' } },
    onLine(_source, line) {
      if (line.startsWith('{')) lines.push(JSON.parse(line) as Record<string, unknown>);
    },
  });
}, 120_000);
afterAll(async () => {
  await stack.stop();
  await receiver.close();
});

async function upload(): Promise<{ id: string; traceId: string }> {
  const body = new FormData();
  body.set('effects', 'bw,blur');
  body.set(
    'file',
    new Blob([new Uint8Array(await makeImage('png', { width: 32, height: 24 }))]),
    'private.png',
  );
  const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  const answer = await fetch(`${stack.url}/upload?async=true`, { method: 'POST', headers, body });
  expect(answer.status).toBe(202);
  const { id } = (await answer.json()) as { id: string };
  return { id, traceId: answer.headers.get('traceresponse')!.slice(3, 35) };
}

/** The spans that have arrived so far: a service exports them some time after they end. */
const treeIn = (traceId: string) => treeOf(receiver.of(traceId));

test('an upload job is one trace, from the request to the report', async () => {
  const { id, traceId } = await upload();
  // Not the trace that the client had named.
  expect(traceId).not.toBe('0af7651916cd43dd8448eb211c80319c');
  const expected = {
    'web-gateway: POST /upload': {
      'web-gateway: EVAL limit upload': {},
      'web-gateway: POST task-api': {
        'task-api: POST /internal/jobs/image': {
          'task-api: SELECT jobs': {},
          'task-api: BEGIN': {},
          'task-api: INSERT idempotency_keys': {},
          'task-api: INSERT tasks INSERT jobs INSERT job_inputs': {},
          'task-api: UPDATE idempotency_keys': {},
          'task-api: COMMIT': {},
          'task-api: publish jobs': { 'task-api: ZADD jobs': {} },
          'task-api: wait jobs': {},
          'task-api: attempt jobs': {
            'queue-worker: process jobs': {
              'queue-worker: GET task-api': {
                'task-api: GET /internal/jobs/:id/input': { 'task-api: SELECT job_inputs': {} },
              },
              'queue-worker: POST bw-worker': { 'bw-worker: POST /process': {} },
              'queue-worker: POST blur-worker': { 'blur-worker: POST /process': {} },
              'queue-worker: POST task-api': {
                'task-api: POST /internal/jobs/renewals': expect.anything() as object,
                'task-api: POST /internal/jobs/completions': expect.anything() as object,
              },
              'queue-worker: HSET image': {},
            },
          },
        },
      },
    },
  };
  await eventually(() => expect(treeIn(traceId)).toEqual(expected));
  const spans = receiver.of(traceId);
  expect(orphansOf(spans)).toEqual([]);

  // They contain no personal data.
  const text = JSON.stringify(spans);
  expect(text).not.toContain('private.png');
  expect(spans.filter(({ name }) => name.includes(id))).toEqual([]);
});

test('each log line of a job leads to its trace', async () => {
  const { traceId } = await upload();
  await eventually(() => {
    const services = lines.filter((line) => line['trace_id'] === traceId).map(({ service }) => service);
    const all = ['blur-worker', 'bw-worker', 'queue-worker', 'task-api', 'web-gateway'];
    expect([...new Set(services)].sort()).toEqual(all);
  });
});

test('workers’ claims without a job, and probes, create no traces', async () => {
  await fetch(`${stack.url}/health`);
  const { traceId } = await upload();
  await eventually(() => expect(JSON.stringify(treeIn(traceId))).toContain('completions'));
  const roots = receiver.spans.filter(({ parentSpanId }) => parentSpanId === undefined);
  expect(new Set(roots.map(({ name }) => name))).toEqual(new Set(['POST /upload']));
});
