import { gzipSync } from 'node:zlib';
import request from 'supertest';
import { exportOf, traceIdOf } from '../../tests/support/otlp-spans.js';
import { basics } from '../../tests/support/service-basics.js';
import { createTraceStoreApp } from './app.js';
import { createTraceStore, DEFAULT_LIMITS } from './store.js';

const store = createTraceStore({ ...DEFAULT_LIMITS, traceSpans: 10 });
const app = createTraceStoreApp({ ...basics('trace-store'), store });
const send = (body: string | object) => request(app).post('/v1/traces').type('json').send(body);
const find = (trace: number) => request(app).get(`/api/v3/traces/${traceIdOf(trace)}`);

it('accepts an export, compressed or not, and returns its spans as Jaeger does', async () => {
  expect((await send(exportOf([{ trace: 1, span: 1, name: 'one' }])).expect(200)).body).toEqual({});
  const compressed = gzipSync(JSON.stringify(exportOf([{ trace: 1, span: 2, name: 'two' }])));
  await request(app)
    .post('/v1/traces')
    .set({ 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
    .serialize((body: Buffer) => body as unknown as string)
    .send(compressed)
    .expect(200);
  const { body, type } = await find(1).expect(200);
  expect(type).toBe('application/json');
  expect(body.result.resourceSpans[0].scopeSpans[0].spans).toMatchObject([{ name: 'one' }, { name: 'two' }]);
  expect((await find(2).expect(404)).type).toBe('application/problem+json');
});

it('says how many spans it has not stored', async () => {
  const spans = Array.from({ length: 12 }, (_, index) => ({ trace: 3, span: index + 1 }));
  expect((await send(exportOf(spans)).expect(200)).body.partialSuccess.rejectedSpans).toBe('2');
});

const span = exportOf([{ trace: 4, span: 1 }]).resourceSpans[0]!.scopeSpans[0]!.spans[0]!;
const withSpan = (changes: object) => ({
  resourceSpans: [{ scopeSpans: [{ spans: [{ ...span, ...changes }] }] }],
});
const nested = (depth: number) => `${'[{"arrayValue":{"values":'.repeat(depth)}[]${'}}]'.repeat(depth)}`;

it.each<[string, string | object]>([
  ['is not JSON', '{"resourceSpans":'],
  ['is a list', []],
  ['is null', 'null'],
  ['has no list of resources', { resourceSpans: {} }],
  ['has a span without a trace', withSpan({ traceId: undefined })],
  ['has a trace id of zeros', withSpan({ traceId: '0'.repeat(32) })],
  ['has a trace id in base64', withSpan({ traceId: 'W47/95gDgQPSabYzgT/GDA==' })],
  ['has a span id that is too short', withSpan({ spanId: 'abc' })],
  ['has a time that is none', withSpan({ startTimeUnixNano: 'yesterday' })],
  ['has a negative time', withSpan({ endTimeUnixNano: -1 })],
  ['has attributes as an object', withSpan({ attributes: { a: 1 } })],
  ['has a name that is a number', withSpan({ name: 7 })],
])('answers 400 to a body that %s, and keeps working', async (_what, body) => {
  const response = await send(body).expect(400);
  expect(response.type).toBe('application/problem+json');
  expect(response.body.detail).toMatch(/\w{3,}.*\.$/);
  await find(4).expect(404);
  await find(1).expect(200);
});

it('survives 100,000 levels of nesting', async () => {
  const deep = JSON.stringify(withSpan({ attributes: 'HERE' })).replace(
    '"HERE"',
    `[{"key":"a","value":{"arrayValue":{"values":${nested(40_000)}}}}]`,
  );
  await send(deep).expect(200);
  await send('['.repeat(100_000)).expect(400);
  await find(1).expect(200);
});

it('answers 415 to protobuf, 413 to a body above 2 MiB, and 405 to other methods', async () => {
  const protobuf = await request(app).post('/v1/traces').type('application/x-protobuf').send('x').expect(415);
  expect(protobuf.body.detail).toContain('application/json');
  await send(exportOf([{ trace: 5, span: 1, name: 'x'.repeat(2 * 1024 ** 2) }])).expect(413);
  await request(app).get('/v1/traces').expect(405);
});
