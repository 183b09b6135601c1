import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Router } from 'express';
import request from 'supertest';
import { eventually } from '../../../../tests/support/eventually.js';
import { FAULT_ANSWER_MS } from '../../../../tests/support/fault-time.js';
import { deserted } from '../../../../tests/support/listen.js';
import { type OtlpReceiver, startOtlpReceiver } from '../../../../tests/support/otlp-receiver.js';
import { basics, recordingLogger } from '../../../../tests/support/service-basics.js';
import { createHttpApp } from '../http/app.js';
import { currentContext, withContext } from '../process/context/request-context.js';
import { inSpan, inSpanOfEach, outsideOfTraces, recordSpan } from './spans.js';
import { startTracing } from './tracing.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SAMPLED = `00-${TRACE}-b7ad6b7169203331-01`;
const UNSAMPLED = `00-${TRACE}-b7ad6b7169203331-00`;

let receiver: OtlpReceiver;
beforeAll(async () => {
  receiver = await startOtlpReceiver();
});
afterAll(() => receiver.close());

const before = { ...process.env };
let stop: (() => Promise<void>) | undefined;
afterEach(async () => {
  await stop?.();
  stop = undefined;
  process.env = { ...before };
});

function trace(environment: Record<string, string> = {}) {
  const usual = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '10' };
  Object.assign(process.env, usual, environment);
  const { logger, lines } = recordingLogger();
  stop = startTracing(logger.child({ service: 'fixture', pod: 'fixture-1' }));
  return lines;
}

/** Waits for this many spans, and then for any others. */
const exported = async (traceId: string, count = 1) => {
  await eventually(() => expect(receiver.of(traceId).length).toBeGreaterThanOrEqual(count));
  await stop?.();
  stop = undefined;
  return receiver.of(traceId);
};

const routes = Router();
routes.get('/api/things/:id', (_req, res) => {
  res.json({ traceparent: currentContext()?.traceparent ?? null });
});
routes.get('/api/broken', () => {
  throw new Error('of Alice');
});
const app = createHttpApp({ ...basics('fixture-1'), service: 'fixture', routes: [routes] });
const describeIt = (name: string) => ({ name, kind: 'internal' as const });

describe('a request', () => {
  it('begins a trace, named after its route, and returns its id', async () => {
    trace();
    const { headers, body } = await request(app).get('/api/things/7?for=Alice').expect(200);
    expect(headers['traceresponse']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(body.traceparent).toBe(headers['traceresponse']);
    const [traceId] = /[0-9a-f]{32}/.exec(headers['traceresponse']!)!;
    const spans = await exported(traceId);
    expect(spans).toEqual([
      expect.objectContaining({
        name: 'GET /api/things/:id',
        kind: 2,
        parentSpanId: undefined,
        service: 'fixture',
        pod: 'fixture-1',
        attributes: {
          'http.request.method': 'GET',
          'http.route': '/api/things/:id',
          'http.response.status_code': 200,
        },
      }),
    ]);
  });

  it("is part of the caller's trace, and follows its decision", async () => {
    trace();
    const sampled = await request(app).get('/api/things/7').set('traceparent', SAMPLED);
    expect(sampled.headers['traceresponse']).toBeUndefined();
    expect(sampled.body.traceparent).toMatch(new RegExp(`^00-${TRACE}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
    const unsampled = await request(app).get('/api/things/7').set('traceparent', UNSAMPLED);
    expect(unsampled.body.traceparent).toBe(UNSAMPLED);
    const spans = await exported(TRACE);
    expect(spans.map(({ parentSpanId }) => parentSpanId)).toEqual(['b7ad6b7169203331']);
  });

  it('has an id and no spans when the sampler leaves it out', async () => {
    trace({ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' });
    const { headers } = await request(app).get('/api/things/7');
    expect(headers['traceresponse']).toMatch(/-00$/);
    expect(await exported(headers['traceresponse']!.slice(3, 35), 0)).toEqual([]);
  });

  it('that fails is marked as failed, without the error message', async () => {
    trace();
    const { headers } = await request(app).get('/api/broken').expect(500);
    const spans = await exported(headers['traceresponse']!.slice(3, 35));
    expect(spans).toMatchObject([{ name: 'GET /api/broken', status: { code: 2 } }]);
    expect(JSON.stringify(spans)).not.toContain('Alice');
  });

  it('creates no trace for a probe', async () => {
    trace();
    expect((await request(app).get('/livez')).headers['traceresponse']).toBeUndefined();
  });

  it('has no trace without a collector, or with OpenTelemetry disabled', async () => {
    for (const environment of [
      { OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_SDK_DISABLED: 'false' },
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SDK_DISABLED: 'true' },
    ]) {
      trace(environment);
      expect(stop).toBeUndefined();
      const { headers, body } = await request(app).get('/api/things/7');
      expect([headers['traceresponse'], body.traceparent]).toEqual([undefined, null]);
    }
  });
});

describe('a span', () => {
  it('is the current one for what is done within it, and fails with it', async () => {
    trace();
    const failing = withContext({ requestId: 'r', traceparent: SAMPLED.replace(TRACE, '4'.repeat(32)) }, () =>
      inSpan(describeIt, 'outer', () =>
        inSpan(describeIt, 'inner', () => Promise.reject(new RangeError('Alice'))),
      ),
    );
    await expect(failing).rejects.toThrow(RangeError);
    const spans = await exported('4'.repeat(32), 2);
    const [outer, inner] = ['outer', 'inner'].map((name) => spans.find((span) => span.name === name)!);
    expect(inner).toMatchObject({ parentSpanId: outer!.spanId, status: { code: 2 } });
    expect(inner!.attributes).toEqual({ 'error.type': 'RangeError' });
  });

  it('is created in each of several traces that share the work', async () => {
    trace();
    const others = ['1', '2'].map((digit) => ({ traceparent: SAMPLED.replace(TRACE, digit.repeat(32)) }));
    const within = await inSpanOfEach(
      () => describeIt('shared'),
      [{}, { traceparent: UNSAMPLED }, ...others],
      () => Promise.resolve(currentContext()?.traceparent),
    );
    await exported('2'.repeat(32));
    const [first, second] = ['1', '2'].map((digit) => receiver.of(digit.repeat(32)));
    expect(first).toMatchObject([{ name: 'shared' }]);
    expect(second).toMatchObject([{ name: 'shared' }]);
    expect(within).toContain(first![0]!.spanId);
  });

  it('can be recorded afterwards, with an id that was known before', async () => {
    trace();
    const [start, end] = [new Date('2026-11-30T10:00:00Z'), new Date('2026-11-30T10:00:02Z')];
    const parent = SAMPLED.replace(TRACE, '3'.repeat(32));
    recordSpan({ ...describeIt('past'), parent, spanId: 'a'.repeat(16), start, end, error: 'lost' });
    expect(await exported('3'.repeat(32))).toMatchObject([
      {
        spanId: 'a'.repeat(16),
        start: start.getTime(),
        end: end.getTime(),
        status: { code: 2, message: 'lost' },
      },
    ]);
  });

  it('is not created outside a trace, and does not begin one', async () => {
    trace();
    const traceparent = outsideOfTraces(() => currentContext()?.traceparent);
    expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(await inSpan(describeIt, 'none', (span) => Promise.resolve(span))).toBeUndefined();
    await stop?.();
    stop = undefined;
    expect(outsideOfTraces(() => currentContext())).toBeUndefined();
  });
});

describe('a collector', () => {
  it.each([
    ['is away', deserted],
    ['hangs', hanging],
  ])('that %s delays nothing, and is logged once', async (_how, collector) => {
    const lines = trace({
      OTEL_EXPORTER_OTLP_ENDPOINT: await collector(),
      OTEL_EXPORTER_OTLP_TIMEOUT: '300',
      OTEL_BSP_SCHEDULE_DELAY: '20',
      OTEL_BSP_EXPORT_TIMEOUT: '300',
    });
    for (let requests = 0; requests < 3; requests += 1) {
      await request(app).get('/api/things/7').expect(200);
      await sleep(50);
    }
    await eventually(() => expect(lines).toMatchObject([{ msg: 'spans could not be exported' }]));
    const begun = performance.now();
    await stop?.();
    stop = undefined;
    expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
    expect(lines).toHaveLength(1);
  });
});

/** Accepts connections and never responds. */
async function hanging(): Promise<string> {
  const server = createServer(() => undefined).unref();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return `http://127.0.0.1:${address.port}`;
}
