import { type MetricsServer, serveMetrics } from '../telemetry/metrics-server.js';
import { createWorkLimiter } from './work-limiter.js';

let server: MetricsServer;
beforeAll(async () => {
  server = await serveMetrics({ port: 0, host: '127.0.0.1' });
});
afterAll(() => server.close());

const figures = async () => {
  const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
  return Object.fromEntries(
    [...text.matchAll(/^((?:work_limiter|memory_budget)_\S+) (\S+)$/gm)].map(([, name, value]) => [
      name,
      Number(value),
    ]),
  );
};

it('shows how much of a limiter is in use, what is waiting, and what was refused', async () => {
  const places = createWorkLimiter({ name: 'desks', concurrency: 2, queueLimit: 1 });
  const memory = createWorkLimiter({ name: 'bodies', unit: 'bytes', concurrency: 1_000, queueLimit: 0 });
  createWorkLimiter({ concurrency: 5, queueLimit: 0 });
  let end = () => {};
  const untilEnd = new Promise<void>((resolve) => (end = resolve));
  const works = [1, 2, 3].map(() => places.run(() => untilEnd));
  const claim = memory.run(() => untilEnd, { weight: 700 });
  await expect(places.run(() => untilEnd)).rejects.toThrow();
  await expect(memory.run(() => untilEnd, { weight: 400 })).rejects.toThrow();

  expect(await figures()).toEqual({
    'work_limiter_used{limiter="desks"}': 2,
    'work_limiter_limit{limiter="desks"}': 2,
    'work_limiter_waiting{limiter="desks"}': 1,
    'work_limiter_refused_total{limiter="desks"}': 1,
    'memory_budget_claimed_bytes{budget="bodies"}': 700,
    'memory_budget_limit_bytes{budget="bodies"}': 1_000,
    'memory_budget_waiting{budget="bodies"}': 0,
    'memory_budget_refused_total{budget="bodies"}': 1,
  });
  end();
  await Promise.all([...works, claim]);
  expect(await figures()).toMatchObject({
    'work_limiter_used{limiter="desks"}': 0,
    'memory_budget_claimed_bytes{budget="bodies"}': 0,
  });
});
