import { HEALTH_SHARED_MS } from '@millrace/chassis/http';
import { systemHealthSchema } from '@millrace/contracts';
import request from 'supertest';
import { eventually } from '../../../tests/support/eventually.js';
import { FAULT_ANSWER_MS } from '../../../tests/support/fault-time.js';
import { startGateway, type TestGateway } from '../../../tests/support/gateway.js';
import { deserted } from '../../../tests/support/listen.js';

let gateway: TestGateway;
beforeAll(async () => {
  // The second replica of blur-worker is not there.
  gateway = await startGateway({ furtherUrls: { blurWorker: await deserted() } });
});
afterAll(() => gateway.stop());
afterEach(() => gateway.mend());

const health = async (status: number) => {
  const response = await request(gateway.app).get('/health').expect(status);
  expect(response.get('cache-control')).toBe('no-store');
  return systemHealthSchema.parse(response.body);
};

it('is healthy with one replica of each service, and shows the missing ones', async () => {
  const report = await eventually(() => health(200));
  expect(report.status).toBe('healthy');
  expect(Object.keys(report.services).sort()).toEqual(
    ['web-gateway', 'task-api', 'user-api', 'text-worker', 'blur-worker', 'bw-worker', 'queue-worker'].sort(),
  );
  expect(report.services['text-worker']).toMatchObject({
    status: 'healthy',
    replicas: [{ status: 'healthy', service: 'text-worker', pod: 'text-worker-1' }],
  });
  expect(report.services['blur-worker']).toEqual({
    status: 'healthy',
    replicas: [expect.objectContaining({ status: 'healthy', pod: 'blur-worker-1' }), { status: 'unhealthy' }],
  });
});

it.each([
  ['is down', () => gateway.links.queueWorker.cut()],
  ['hangs', () => gateway.links.queueWorker.freeze()],
])('answers 503 within 5 s when a service %s', async (_case, damage) => {
  await eventually(() => health(200));
  await damage();
  const begun = performance.now();
  const report = await eventually(() => health(503));
  expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
  expect(report.status).toBe('unhealthy');
  expect(report.services['queue-worker']).toEqual({
    status: 'unhealthy',
    replicas: [{ status: 'unhealthy' }],
  });
  expect(report.services['text-worker']!.status).toBe('healthy');
  await gateway.mend();
  await eventually(() => health(200));
});

it('answers 503 when Redis is down, and healthy again when it is back', async () => {
  await gateway.redis.link.cut();
  const report = await eventually(() => health(503));
  expect(report.services['web-gateway']).toMatchObject({
    status: 'unhealthy',
    replicas: [{ pod: 'web-gateway-1', checks: { redis: { status: 'unhealthy' } } }],
  });
  await gateway.mend();
  await eventually(() => health(200));
});

it('is unhealthy while the image store refuses writes, though it answers reads', async () => {
  const { redis } = gateway.redis;
  await redis.replicaof('127.0.0.1', 1);
  const report = await eventually(() => health(503));
  expect(report.services['web-gateway']!.replicas[0]).toMatchObject({
    checks: { redis: { status: 'unhealthy' } },
  });
  await redis.replicaof('NO', 'ONE');
  await eventually(() => health(200));
});

it('asks every replica at most once a second, however often it is requested', async () => {
  const before = gateway.timesAsked();
  const begun = performance.now();
  // For longer than a response is shared.
  while (performance.now() - begun < 2 * HEALTH_SHARED_MS) {
    await Promise.all(Array.from({ length: 50 }, () => request(gateway.app).get('/health')));
  }
  const seconds = (performance.now() - begun) / 1_000;
  const asked = gateway.timesAsked() - before;
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
});

it('shows a page that names the calls', async () => {
  const response = await request(gateway.app).get('/').expect(200);
  expect(response.type).toBe('text/html');
  expect(response.text).toContain('POST /upload');
});
