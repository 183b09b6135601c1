// The stack in containers, as docker-compose.yaml defines it, in its own project: npm run test:compose.
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { serviceNames } from '#topology';
import { type Composed, composed, docker, engineAnswers } from './docker.js';
import { startTraffic, type Tally, type Traffic } from '../support/traffic.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;
/** Within this time a removed replica must be forgotten. */
const TAKE_NOTE_MS = 5_000;

const hasEngine = engineAnswers();
if (!hasEngine) process.stderr.write('No container engine answers (docker info): these tests are skipped.\n');

(hasEngine ? describe : describe.skip)('the composed stack', () => {
  let stack: Composed;
  let traffic: Traffic | undefined;

  beforeAll(async () => {
    stack = await composed();
    await stack.compose('down', '--volumes');
    const begun = performance.now();
    await stack.compose('up', '--build', '--detach', '--wait');
    process.stderr.write(`up --build: ${secondsSince(begun)} s\n`);
  }, 15 * MINUTE_MS);

  afterEach(async () => {
    await traffic?.stop();
    traffic = undefined;
  }, 2 * MINUTE_MS);

  afterAll(() => stack.compose('down', '--volumes'), 2 * MINUTE_MS);

  const up = (...args: string[]) => stack.compose('up', '--detach', '--wait', '--no-recreate', ...args);

  test('opens one port, and no image or environment contains a secret', async () => {
    const ids = (await stack.compose('ps', '--quiet')).trim().split('\n');
    const format = '{{json .HostConfig.PortBindings}} {{json .Config.Env}} {{json .Config.User}}';
    const containers = (await docker('inspect', '--format', format, ...ids)).trim().split('\n');
    expect(containers.filter((container) => container.includes('HostPort'))).toHaveLength(1);
    for (const container of containers) {
      expect(container).not.toMatch(/PASSWORD=|redis:\/\/:/);
      expect(container).not.toMatch(/"(root|0(:0)?)?"$/);
    }
  });

  test('the route table is valid in this environment', async () => {
    const check = ['nginx', '-t', '-e', 'stderr', '-g', 'pid /tmp/nginx.pid;'];
    await stack.compose('exec', '-T', 'nginx', ...check);
  });

  test(
    'passes the whole API suite, like a local stack',
    async () => {
      await promisify(execFile)('npx', ['jest', 'tests/api/api.test.ts', '--coverage=false'], {
        env: { ...stack.env, MILLRACE_URL: stack.url },
        maxBuffer: 64 * 1024 * 1024,
      });
    },
    5 * MINUTE_MS,
  );

  test(
    'scales up and down while it runs, without a failed request',
    async () => {
      traffic = startTraffic({ url: stack.url, perSecond: 150, retries: 'none' });
      const scaled = ['web-gateway', 'task-api', 'user-api', 'text-worker'];
      const options = (replicas: number) => scaled.flatMap((name) => ['--scale', `${name}=${replicas}`]);

      await up(...options(3));
      const threeOfEach = await podsOf(['web-gateway', 'task-api', 'user-api']);
      traffic.pods.clear();
      await until('every replica answers', () => answered(traffic!, threeOfEach));

      await sleep(10_000);
      await up(...options(1));
      await sleep(TAKE_NOTE_MS);
      const left = await podsOf(['web-gateway', 'task-api', 'user-api']);
      traffic.pods.clear();
      await sleep(1_000);
      await until('those that are left answer', () => answered(traffic!, left));
      expect(traffic.pods).toEqual(new Set(left));
      report('scaling', await traffic.stop(10_000));
      expect(traffic.tally.failed).toEqual([]);
    },
    4 * MINUTE_MS,
  );

  test(
    'replaces the replicas of every service without a failed request',
    async () => {
      traffic = startTraffic({ url: stack.url, perSecond: 250, retries: 'none' });
      await stack.script('roll.sh', ...serviceNames);
      report('rolling', await traffic.stop(20_000));
      expect(traffic.tally.failed).toEqual([]);
    },
    6 * MINUTE_MS,
  );

  // Only root reaches processes of containers.
  (process.getuid?.() === 0 ? test : test.skip)(
    'SIGKILL of any container costs no request that may be repeated',
    async () => {
      traffic = startTraffic({ url: stack.url, perSecond: 100, retries: 'safe' });
      for (const service of ['nginx', 'redis', 'postgres', ...serviceNames]) {
        const [victim] = await stack.replicas(service);
        // Not `docker kill`: that would count as a manual stop, and the container would stay down.
        process.kill(victim!.pid, 'SIGKILL');
        await until(`${service} runs again`, () => isHealthyAgain(victim!.id, victim!.pid), MINUTE_MS);
      }
      report('kills', await traffic.stop());
      expect(traffic.tally.failed).toEqual([]);
    },
    6 * MINUTE_MS,
  );

  test(
    'keeps working while a replica is frozen, and uses it again afterwards',
    async () => {
      await up('--scale', 'task-api=2');
      const [frozen] = await stack.replicas('task-api');
      traffic = startTraffic({ url: stack.url, perSecond: 100, retries: 'safe' });
      await until('the replica answers', () => answered(traffic!, [frozen!.pod]));
      await docker('pause', frozen!.id);
      await sleep(20_000);
      await docker('unpause', frozen!.id);
      traffic.pods.clear();
      await until('it answers again', () => answered(traffic!, [frozen!.pod]));
      report('a frozen replica', await traffic.stop());
      expect(traffic.tally.failed).toEqual([]);
      await until('its probe has noticed', () => isHealthyAgain(frozen!.id), MINUTE_MS);
      await up();
    },
    3 * MINUTE_MS,
  );

  test(
    'keeps its data from one `down` to the next `up`',
    async () => {
      const title = `kept ${Date.now()}`;
      const headers = { 'Content-Type': 'application/json' };
      const created = await fetch(`${stack.url}/tasks`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ title }),
      });
      const { id } = (await created.json()) as { id: string };
      await stack.compose('down');
      const begun = performance.now();
      await up();
      process.stderr.write(`up, with everything there: ${secondsSince(begun)} s\n`);
      const kept = await fetch(`${stack.url}/tasks/${id}`);
      expect(await kept.json()).toMatchObject({ id, title });
    },
    4 * MINUTE_MS,
  );

  async function podsOf(services: string[]): Promise<string[]> {
    const replicas = await Promise.all(services.map((service) => stack.replicas(service)));
    return replicas.flat().map(({ pod }) => pod);
  }
});

function secondsSince(begun: number): string {
  return ((performance.now() - begun) / 1_000).toFixed(1);
}

function answered({ pods }: Traffic, names: string[]): boolean {
  return names.every((name) => pods.has(name));
}

/** @param oldPid the process that was killed: it must be a different one now */
async function isHealthyAgain(id: string, oldPid?: number): Promise<boolean> {
  const state = await docker('inspect', '--format', '{{.State.Pid}} {{.State.Health.Status}}', id);
  const [pid, health] = state.trim().split(' ');
  return pid !== '0' && pid !== String(oldPid) && health === 'healthy';
}

function report(what: string, { requests, failed, resent, slowestMs, byPod }: Tally): void {
  const pods = [...byPod].sort().map(([pod, count]) => `  ${pod}: ${count}\n`);
  process.stderr.write(
    `${what}: ${requests} requests, ${failed.length} failed, ${resent} sent again, ` +
      `slowest ${Math.round(slowestMs)} ms\n${pods.join('')}`,
  );
}
