import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually } from '../../../../tests/support/eventually.js';
import { counter, gauge, histogram, ofEach, tally } from './metrics.js';
import { type MetricsServer, serveMetrics } from './metrics-server.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const sampled = `00-${TRACE}-00f067aa0ba902b7-01`;
const unsampled = `00-${TRACE}-00f067aa0ba902b7-00`;

const rooms = new Map([
  ['kitchen', { cups: 3 }],
  ['hall', { cups: 0 }],
]);
let hall: () => Promise<{ value: number }[]> = () => Promise.resolve([{ value: 1 }]);
gauge(
  { name: 'cups', help: 'Cups, by room.' },
  ofEach('room', rooms, ({ cups }) => cups),
);
gauge({ name: 'hall_open', help: 'Whether the hall is open.' }, () => hall());
counter({ name: 'cups_broken_total', help: 'Cups that broke.' }, () => [{ value: 7 }]);
const countVisit = tally(
  { name: 'visits_total', help: 'Visits.' },
  { label: 'reason', values: ['tea', 'rain'] },
);
const observe = histogram({
  name: 'visit_duration_seconds',
  help: 'Visits.',
  labels: ['reason'],
  buckets: [1, 60],
});

let server: MetricsServer;
const call = async (path = '/metrics', init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, init);
const page = async (accept = 'text/plain') =>
  (await call('/metrics', { headers: { Accept: accept } })).text();

beforeAll(async () => {
  observe({ reason: 'tea' }, 2);
  server = await serveMetrics({ port: 0, host: '127.0.0.1' });
});
afterAll(() => server.close());

it('shows the declared metrics, read at that moment', async () => {
  expect(await page()).toMatch(
    /# HELP cups Cups, by room\.\n# TYPE cups gauge\ncups\{room="kitchen"\} 3\ncups\{room="hall"\} 0\n/,
  );
  rooms.get('hall')!.cups = 5;
  expect(await page()).toContain('cups{room="hall"} 5\n');
  gauge({ name: 'declared_late', help: 'Later.' }, () => [{ value: 1 }]);
  expect(await page()).toContain('declared_late 1\n');
});

it('shows counters from 0, in both formats alternately', async () => {
  expect(await page()).toContain('visits_total{reason="rain"} 0\n');
  countVisit('rain');
  countVisit('rain', 2);
  for (let turn = 0; turn < 2; turn += 1) {
    expect(await page()).toMatch(
      /# TYPE visits_total counter\nvisits_total\{reason="tea"\} 0\nvisits_total\{reason="rain"\} 3\n/,
    );
    expect(await page('application/openmetrics-text')).toMatch(
      /# TYPE visits counter\nvisits_total\{reason="tea"\} 0\n/,
    );
    expect(await page()).toMatch(/# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total /);
  }
});

it('leaves out what cannot be read, and nothing else', async () => {
  hall = () => Promise.reject(new Error('closed'));
  const text = await page();
  expect(text).not.toMatch(/^hall_open /m);
  expect(text).toContain('cups_broken_total 7\n');
  hall = () => Promise.resolve([{ value: 0 }]);
  expect(await page()).toContain('hall_open 0\n');
});

it('keeps no durations until it is started, and adds sampled traces to them in OpenMetrics', async () => {
  observe({ reason: 'tea' }, 30, unsampled);
  observe({ reason: 'rain' }, 30, sampled);
  const openMetrics = await page('application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
  expect(openMetrics).toMatch(
    new RegExp(
      `^visit_duration_seconds_bucket\\{le="60",reason="rain"\\} 1 # \\{trace_id="${TRACE}"\\} 30 `,
      'm',
    ),
  );
  expect(openMetrics).toContain('visit_duration_seconds_bucket{le="60",reason="tea"} 1\n');
  expect(openMetrics).toMatch(/# EOF\n$/);
  const text = await page();
  expect(text).toContain('visit_duration_seconds_count{reason="tea"} 1\n');
  expect(text).not.toMatch(/trace_id|EOF/);
});

it.each([
  ['GET', '/'],
  ['GET', '/metricsx'],
  ['GET', '/livez'],
  ['POST', '/metrics'],
  ['DELETE', '/internal/jobs'],
])('answers %s %s with 404', async (method, path) => {
  expect((await call(path, { method })).status).toBe(404);
});

it('limits its connections', async () => {
  const sockets = Array.from({ length: 40 }, () => connect(server.port, '127.0.0.1').on('error', () => {}));
  const open = () =>
    sockets.filter(({ destroyed, readyState }) => !destroyed && readyState === 'open').length;
  await Promise.all(sockets.map((socket) => once(socket, 'connect').catch(() => undefined)));
  await eventually(() => expect(open()).toBeLessThanOrEqual(16));
  for (const socket of sockets) socket.destroy();
  await eventually(async () => expect((await call()).status).toBe(200));
});
