// Each alert in the composed stack, provoked until it fires, and repaired until it clears: npm run test:observe. The rules are those of
// observe/rules/ with all their times at a fifteenth, so that five minutes are twenty seconds.
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
import { provocations, settings } from './provocations.js';

const MINUTE_MS = 60_000;
const FACTOR = 1 / 15;
/** Often enough for whole seconds, and little work for Prometheus. */
const POLL_MS = 500;
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
    // By name: nothing here needs the others of the profile.
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

  /** @throws while Prometheus does not answer */
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

  const cases = Object.entries(provocations).filter(
    ([, { needsRoot }]) => !needsRoot || process.getuid?.() === 0,
  );
  test.each(cases)(
    '%s',
    async (what, { alerts, provoke }) => {
      // What an earlier provocation left behind may still be in a window.
      await until(
        'none of them fires',
        async () => !(await firing()).some((name) => alerts.includes(name)),
        5 * MINUTE_MS,
      );
      /** Waits until each fires, or has cleared. @returns after how many seconds */
      const waitFor = async (fires: boolean) => {
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
          5 * MINUTE_MS,
        );
        return seconds;
      };
      const repair = await provoke(stack);
      let isRepaired = false;
      try {
        const fired = await waitFor(true);
        await repair();
        isRepaired = true;
        const cleared = await waitFor(false);
        for (const alert of alerts)
          process.stderr.write(`| ${what} | \`${alert}\` | ${fired.get(alert)} | ${cleared.get(alert)} |\n`);
      } finally {
        if (!isRepaired) await repair();
      }
    },
    12 * MINUTE_MS,
  );

  test('all of them are provoked here', () => {
    const { groups } = parse(rulesFile()) as { groups: { rules: { alert?: string }[] }[] };
    const named = new Set(groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? [])));
    expect(new Set(Object.values(provocations).flatMap(({ alerts }) => alerts))).toEqual(named);
  });
});
