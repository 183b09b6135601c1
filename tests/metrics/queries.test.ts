// Runs every query of the dashboards and alerts in a Prometheus that scrapes a stack under light load.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { parse } from 'yaml';
import { dashboards } from '../../observe/dashboards/dashboards.js';
import { serviceNames } from '#topology';
import { findProgram } from '../../local/servers/programs.js';
import { startStack, type Stack } from '../../local/stack/stack.js';
import { eventually } from '../support/eventually.js';
import { someLoad } from './support.js';

const isInstalled = (program: string) => {
  try {
    return findProgram(program) !== '';
  } catch {
    return false;
  }
};
const hasPrometheus = isInstalled('prometheus');
if (!hasPrometheus)
  process.stderr.write(
    'prometheus is not installed: the queries of dashboards and alerts are not tried (Debian: apt-get install prometheus).\n',
  );
const hasExporters = [
  ['prometheus-nginx-exporter', 'nginx-prometheus-exporter'],
  ['prometheus-postgres-exporter', 'postgres_exporter'],
  ['prometheus-redis-exporter', 'redis_exporter'],
].every((names) => names.some(isInstalled));
if (!hasExporters)
  process.stderr.write(
    'Not all exporters are installed: queries about Nginx, PostgreSQL and Redis are not tried (Debian: apt-get install prometheus-nginx-exporter prometheus-postgres-exporter prometheus-redis-exporter).\n',
  );

const { groups } = parse(readFileSync(join(__dirname, '../../observe/prometheus/rules.yaml'), 'utf8')) as {
  groups: {
    rules: { alert?: string; record?: string; labels: { [name: string]: string }; expr: string }[];
  }[];
};
const rules = groups.flatMap(({ rules }) => rules);
const records = rules.flatMap(({ record }) => record ?? []);
const alerts = rules.flatMap(({ alert, expr }) => (alert ? [[alert, expr] as const] : []));
const queried = dashboards.filter(({ needsExporters = false }) => hasExporters || !needsExporters);
const lines = queried.flatMap(({ uid, rows }) =>
  Object.values(rows).flatMap((panels) =>
    panels.flatMap(({ title, lines, quiet }) =>
      Object.entries(lines).map(([legend, expr]) => ({ name: `${uid}: ${title}: ${legend}`, expr, quiet })),
    ),
  ),
);

/** Redis only exposes a type of error once it has occurred. */
async function refusedByRedis(url: string): Promise<void> {
  const redis = new Redis(url);
  await expect(redis.call('NO-SUCH-COMMAND')).rejects.toThrow('unknown command');
  redis.disconnect();
}

/** Some times as long as it takes to read all metrics twice. */
const PATIENCE_MS = 60_000;
const TEST_MS = 90_000;

let stack: Stack;
(hasPrometheus ? describe : describe.skip)('a query', () => {
  beforeAll(async () => {
    stack = await startStack({ port: 'free', observe: true });
    await someLoad(stack.url);
    await refusedByRedis(stack.redis.url);
    await eventually(
      async () => expect(await query('count(route_group:http_errors:ratio_rate5m)')).toHaveLength(1),
      PATIENCE_MS,
    );
    await eventually(
      async () => expect(await query('rate(job_run_duration_seconds_count[1m])')).not.toEqual([]),
      PATIENCE_MS,
    );
  }, 240_000);
  afterAll(() => stack.stop());

  /** @throws Prometheus's error */
  const query = async (expr: string): Promise<unknown[]> => {
    const response = await fetch(`${stack.prometheus!.url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expr.replaceAll('$__rate_interval', '1m') }),
    });
    const { error, data } = (await response.json()) as { error?: string; data: { result: unknown[] } };
    if (error) throw new Error(`${error}: ${expr}`);
    return data.result;
  };

  it.each(lines.map(({ name, ...line }) => [name, line] as const))(
    'of a dashboard has an answer: %s',
    async (_name, { expr, quiet }) => {
      const ask = () =>
        Promise.all(
          (expr.includes('$job') ? serviceNames : ['']).map((job) => query(expr.replaceAll('$job', job))),
        );
      if (quiet) await ask();
      // A rate takes two readings.
      else await eventually(async () => expect((await ask()).flat()).not.toEqual([]), PATIENCE_MS);
    },
    TEST_MS,
  );

  it.each([...new Set(records)])(
    'of the rules is recorded for every group: %s',
    async (record) => {
      const groups = new Set(rules.flatMap(({ labels }) => labels['route_group'] ?? [])).size;
      await eventually(async () => expect(await query(record)).toHaveLength(groups), PATIENCE_MS);
    },
    TEST_MS,
  );

  it.each([...new Map(alerts)])(
    'of an alert is about series that there are: %s',
    async (_alert, expr) => {
      await query(expr);
      const named = expr.match(
        /\b([a-z]*_?up|[a-z_:]*(_total|_seconds|_waiting|_numbackends|_connections|_rate\d+[mh]))\b(?=[{[) ])/g,
      )!;
      const series = new Set(
        named.filter((name) => hasExporters || !/^(nginx_|pg_|redis_up|redis_errors)/.test(name)),
      );
      await eventually(async () => {
        for (const name of series)
          expect([name, await query(name)]).toEqual([name, expect.arrayContaining([expect.anything()])]);
      }, PATIENCE_MS);
    },
    TEST_MS,
  );
});
