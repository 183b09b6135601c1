// Each alert in the composed stack, provoked until it fires, and repaired until it clears: npm run test:observe. The rules are those of
// observe/rules/ with all their times at a fifteenth, so that five minutes are twenty seconds.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { freePort } from '../../local/servers/ports.js';
import { rulesFile } from '../../observe/rules/rules.js';
import { type Composed, composed, engineAnswers } from '../compose/docker.js';
import { eventually } from '../support/eventually.js';
import { makeImage } from '../support/images.js';
import { until } from '../support/until.js';
import { keepAsking, lockTable } from './provocations.js';

const MINUTE_MS = 60_000;
const FACTOR = 1 / 15;
const root = join(__dirname, '../..');

const hasEngine = engineAnswers();
if (!hasEngine) process.stderr.write('No container engine answers (docker info): these tests are skipped.\n');

interface Provocation {
  alerts: string[];
  /** @returns what undoes it */
  provoke: () => Promise<() => unknown>;
}

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
    Object.assign(process.env, {
      COMPOSE_FILE: ['docker-compose.yaml', 'tests/observe/compose.yaml'].join(':'),
      OBSERVE_TEST_FOLDER: folder,
      PROMETHEUS_PORT: String(port),
      REDIS_MAXMEMORY: '24mb',
      BLUR_DELAY_MS: '1000',
      TASK_DELAY_MS: '4000',
    });
    stack = await composed();
    await stack.compose('down', '--volumes');
    await stack.compose('up', '--build', '--detach', '--wait');
    // By name: the official images of the others may not be there, and nothing here needs them.
    await stack.compose('--profile', 'observe', 'up', '--detach', '--wait', 'prometheus');
    // It has no health check: it may not answer yet.
    await eventually(async () => expect(await firing()).toEqual([]), MINUTE_MS);
  }, 15 * MINUTE_MS);

  afterAll(async () => {
    await stack.compose('--profile', 'observe', 'down', '--volumes');
    rmSync(folder, { recursive: true });
  }, 2 * MINUTE_MS);

  /** The names of the alerts that fire. @throws while Prometheus does not answer */
  const firing = async (): Promise<string[]> => {
    const query = new URLSearchParams({ query: 'ALERTS{alertstate="firing"}' });
    const response = await fetch(`${prometheus}/api/v1/query?${String(query)}`);
    const { data } = (await response.json()) as { data: { result: { metric: { alertname: string } }[] } };
    return [...new Set(data.result.map(({ metric }) => metric.alertname))];
  };
  const upload = async () => {
    const form = new FormData();
    const image = new Uint8Array(await makeImage('png', { width: 700, height: 500 }));
    form.set('file', new Blob([image], { type: 'image/png' }), 'a.png');
    form.set('effects', 'blur');
    await (await fetch(`${stack.url}/upload`, { method: 'POST', body: form })).arrayBuffer();
  };
  const add = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        fetch(`${stack.url}/api/add/task${index}`, { method: 'POST' }),
      ),
    );
  const users = async () => {
    await (await fetch(`${stack.url}/user/users`)).arrayBuffer();
  };

  /** Asks for users, whose table is locked. */
  const askLocked = (lock: Parameters<typeof lockTable>[2], atOnce: number) => {
    const unlock = lockTable(stack, 'users.users', lock);
    const rest = keepAsking(users, atOnce);
    return Promise.resolve(async () => {
      await Promise.all([rest(), unlock()]);
    });
  };

  const provocations: { [what: string]: Provocation } = {
    'no worker takes jobs': {
      alerts: ['JobsNotDone', 'ReplicasMissing'],
      async provoke() {
        await stack.compose('stop', '--timeout', '1', 'queue-worker');
        await add(1);
        return () => stack.compose('start', 'queue-worker');
      },
    },
    'a worker is killed with jobs in work': {
      alerts: ['AttemptsLost'],
      async provoke() {
        await add(8);
        await until('jobs are in work', async () => {
          const summary = (await (await fetch(`${stack.url}/api/jobs/summary`)).json()) as {
            counts: { processing: number };
          };
          return summary.counts.processing > 3;
        });
        const [victim] = await stack.replicas('queue-worker');
        process.kill(victim!.pid, 'SIGKILL');
        return () => undefined;
      },
    },
    'Redis is gone': {
      alerts: ['SweeperSilent'],
      async provoke() {
        await stack.compose('stop', 'redis');
        return () => stack.compose('start', 'redis');
      },
    },
    'a table is locked for long': {
      alerts: ['PostgresPoolWaiting', 'ErrorBudgetBurnsFast', 'ErrorBudgetBurnsSlow'],
      provoke: () => askLocked({ seconds: 120, pauseSeconds: 0 }, 40),
    },
    'a table is locked for a second, again and again': {
      alerts: ['LatencyBudgetBurnsFast', 'LatencyBudgetBurnsSlow'],
      provoke: () => askLocked({ seconds: 1, pauseSeconds: 0.3 }, 4),
    },
    'images come faster than they are worked on': {
      alerts: ['MemoryBudgetFull', 'ImageStoreEvicts'],
      provoke: () => Promise.resolve(keepAsking(upload, 12)),
    },
  };

  // Only root reaches processes of containers.
  const cases = Object.entries(provocations).filter(
    ([what]) => !what.includes('killed') || process.getuid?.() === 0,
  );
  test.each(cases)(
    '%s',
    async (what, { alerts, provoke }) => {
      expect((await firing()).filter((alert) => alerts.includes(alert))).toEqual([]);
      const begun = performance.now();
      const seconds = () => ((performance.now() - begun) / 1_000).toFixed(0);
      const report = (alert: string, did: string) =>
        process.stderr.write(`${what}: ${alert} ${did} after ${seconds()} s\n`);
      const undo = await provoke();
      let repaired = false;
      try {
        await Promise.all(
          alerts.map(async (alert) => {
            await until(`${alert} fires`, async () => (await firing()).includes(alert), 4 * MINUTE_MS);
            report(alert, 'fires');
          }),
        );
        await undo();
        repaired = true;
        report('it', 'is repaired');
        await Promise.all(
          alerts.map(async (alert) => {
            await until(`${alert} clears`, async () => !(await firing()).includes(alert), 5 * MINUTE_MS);
            report(alert, 'clears');
          }),
        );
      } finally {
        if (!repaired) await undo();
      }
    },
    10 * MINUTE_MS,
  );

  test('all of them are provoked here', () => {
    const { groups } = parse(rulesFile()) as { groups: { rules: { alert?: string }[] }[] };
    const named = new Set(groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? [])));
    expect(new Set(Object.values(provocations).flatMap(({ alerts }) => alerts))).toEqual(named);
  });
});
