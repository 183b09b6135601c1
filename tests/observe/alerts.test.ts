// Each alert in the composed stack, provoked until it fires, and repaired until it clears: npm run test:observe. The rules are those of
// observe/rules/ with all their times reduced to a fifteenth, so that five minutes become twenty seconds.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { freePort } from '../../local/servers/ports.js';
import { rulesFile } from '../../observe/rules/rules.js';
import { type Composed, composed, engineAnswers } from '../compose/docker.js';
import { eventually } from '../support/eventually.js';
import { until } from '../support/until.js';
import { type Provocation, settings, waves } from './provocations.js';

const MINUTE_MS = 60_000;
const FACTOR = 1 / 15;
/** Often enough for whole seconds, with little work for Prometheus. */
const POLL_MS = 500;
/** Ten times what an alert takes: the machine may be busy with other work. */
const PATIENCE_MS = 8 * MINUTE_MS;
const root = join(__dirname, '../..');

const hasEngine = engineAnswers();
if (!hasEngine) process.stderr.write('No container engine answers (docker info): these tests are skipped.\n');

(hasEngine ? describe : describe.skip)('an alert fires and clears', () => {
  let stack: Composed;
  let prometheus: string;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-observe-'));

  beforeAll(async () => {
    const port = await freePort();
    prometheus = `http://127.0.0.1:${port}`;
    writeFileSync(join(folder, 'rules.yaml'), rulesFile(FACTOR));
    const configuration = readFileSync(join(root, 'observe/prometheus/prometheus.yaml'), 'utf8');
    writeFileSync(join(folder, 'prometheus.yaml'), configuration.replace(/: 1[05]s$/gm, ': 1s'));
    Object.assign(process.env, settings, {
      COMPOSE_FILE: ['docker-compose.yaml', 'tests/observe/compose.yaml'].join(':'),
      OBSERVE_TEST_FOLDER: folder,
      PROMETHEUS_PORT: String(port),
    });
    stack = await composed('millrace-observe');
    await stack.compose('--profile', 'observe', 'down', '--volumes');
    await stack.compose('up', '--build', '--detach', '--wait');
    // By name, because the profile's other services are not needed here.
    const observers = ['prometheus', 'nginx-exporter', 'postgres-exporter', 'redis-exporter'];
    await stack.compose('--profile', 'observe', 'up', '--detach', '--wait', ...observers);
    await eventually(async () => {
      expect(await query('nginx_up == 1 and on() pg_up == 1 and on() redis_up == 1')).toHaveLength(1);
      expect(await firing()).toEqual([]);
    }, MINUTE_MS);
  }, 15 * MINUTE_MS);

  afterAll(async () => {
    await stack.compose('--profile', 'observe', 'down', '--volumes');
    rmSync(folder, { recursive: true });
  }, 2 * MINUTE_MS);

  /** @throws while Prometheus does not respond */
  const query = async (text: string) => {
    const response = await fetch(
      `${prometheus}/api/v1/query?${String(new URLSearchParams({ query: text }))}`,
    );
    const { data } = (await response.json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return data.result;
  };
  /** The names of the alerts that fire. */
  const firing = async () => {
    const alerts = await query('ALERTS{alertstate="firing"}');
    return [...new Set(alerts.map(({ metric }) => metric['alertname']!))];
  };

  /** Waits until each of the alerts fires, or has cleared. @returns after how many seconds */
  const waitFor = async (alerts: string[], fires: boolean) => {
    const begun = performance.now();
    const seconds = new Map<string, number>();
    await until(
      `${alerts.join(', ')}: ${fires ? 'all fire' : 'all have cleared'}`,
      async () => {
        await sleep(POLL_MS);
        const names = await firing();
        for (const alert of alerts.filter((name) => !seconds.has(name) && names.includes(name) === fires))
          seconds.set(alert, Math.round((performance.now() - begun) / 1_000));
        return seconds.size === alerts.length;
      },
      PATIENCE_MS,
    );
    return seconds;
  };
  const fireAndClear = async ({ what, alerts, provoke }: Provocation) => {
    const repair = await provoke(stack);
    const fired = await waitFor(alerts, true).finally(repair);
    const cleared = await waitFor(alerts, false);
    for (const alert of alerts)
      process.stderr.write(`| ${what} | \`${alert}\` | ${fired.get(alert)} | ${cleared.get(alert)} |\n`);
  };

  const isRoot = process.getuid?.() === 0;
  const possible = waves.map((wave) => wave.filter(({ needsRoot }) => isRoot || !needsRoot));
  test.each(possible.map((wave) => [wave.map(({ what }) => what).join('; '), wave] as const))(
    '%s',
    async (_what, wave) => {
      // What an earlier wave left behind may still be in a window.
      await until('nothing fires', async () => (await firing()).length === 0, PATIENCE_MS);
      // Each is repaired, even when another one fails.
      const outcomes = await Promise.allSettled(wave.map(fireAndClear));
      expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
    },
    4 * PATIENCE_MS,
  );

  test('all of them are provoked here', () => {
    const { groups } = parse(rulesFile()) as { groups: { rules: { alert?: string }[] }[] };
    const named = new Set(groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? [])));
    expect(new Set(waves.flat().flatMap(({ alerts }) => alerts))).toEqual(named);
  });
});
