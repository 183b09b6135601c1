// The stack in Kubernetes, on the cluster that kubectl points at: npm run test:cluster. It is deployed there first if necessary.
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { serviceNames } from '#topology';
import { startLoad } from '../chaos/load.js';
import { blackPng } from '../support/images.js';
import { startTraffic, type Tally, type Traffic } from '../support/traffic.js';
import { ingressProxy } from './ingress-proxy.js';
import { applyAll, clusterAnswers, deployed, get, kubectl, pods, rolledOut, settled } from './kubectl.js';
import { reachable } from './reachable.js';
import { firstProcessOf } from './node-processes.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;
/** How long after it was first asked DNS may hand out an address. */
const DNS_MS = 35_000;

const stateless = ['nginx', ...serviceNames];
const stateful = ['postgres', 'redis'];

const hasCluster = clusterAnswers();
if (!hasCluster)
  process.stderr.write('No cluster answers (kubectl get --raw /readyz): these tests are skipped.\n');

(hasCluster ? describe : describe.skip)('the stack in Kubernetes', () => {
  let url: string;
  let traffic: Traffic | undefined;

  beforeAll(async () => {
    url = await deployed();
  }, 15 * MINUTE_MS);

  afterEach(async () => {
    await traffic?.stop();
    traffic = undefined;
  }, 2 * MINUTE_MS);

  test(
    'a second `kubectl apply` changes nothing',
    async () => {
      const before = await versions();
      const answers = await applyAll();
      expect(await versions()).toEqual(before);
      // kubectl sends a PodDisruptionBudget's selector every time, and reports that as "configured".
      expect(answers.filter((line) => !/ unchanged$|^poddisruptionbudget/.test(line))).toEqual([]);
    },
    3 * MINUTE_MS,
  );

  test('passes the whole API suite through the node port', () => apiSuite(url), 6 * MINUTE_MS);

  test(
    'answers the documented examples through the Ingress, and the hosts lead to their services',
    async () => {
      const proxy = await ingressProxy('millrace.local');
      if (!proxy) {
        process.stderr.write('The Ingress has no address, as no controller takes it: not tested.\n');
        return;
      }
      try {
        await apiSuite(proxy.url, 'the documented examples');
        const front = async (host: string, path: string) => (await proxy.get(host, path)).servedBy;
        expect(await front('millrace.local', '/')).toMatch(/^web-gateway-/);
        expect(await front('task-user.local', '/')).toMatch(/^task-api-/);
        expect(await front('task-user.local', '/tasks')).toMatch(/^task-api-/);
        expect(await front('task-user.local', '/user')).toMatch(/^user-api-/);
        expect((await proxy.get('task-user.local', '/internal/jobs')).status).toBe(404);
        expect((await proxy.get('task-user.local', '/metrics')).status).toBe(404);
      } finally {
        await proxy.close();
      }
    },
    3 * MINUTE_MS,
  );

  test(
    'replaces the pods of every stateless Deployment under load, without a failed request',
    async () => {
      traffic = startTraffic({ url, perSecond: 250, retries: 'none' });
      for (const name of stateless) {
        await kubectl('rollout', 'restart', `deployment/${name}`);
        await rolledOut(`deployment/${name}`);
      }
      await settled();
      report('rollout restart of everything', await traffic.stop(20_000));
      expect(traffic.tally.failed).toEqual([]);
      expect(traffic.tally.requests).toBeGreaterThanOrEqual(20_000);
    },
    10 * MINUTE_MS,
  );

  test(
    'scales up and down with `kubectl scale`, without a failed request',
    async () => {
      await Promise.all(['blur-worker', 'queue-worker'].map((name) => scale(name, 3)));
      await rolledOut('deployment/blur-worker');
      await rolledOut('deployment/queue-worker');
      traffic = startTraffic({ url, perSecond: 50, retries: 'none' });
      const workers = await until(
        'three replicas do the work of each',
        () => workersAtWork(url),
        DNS_MS + MINUTE_MS,
      );
      expect(workers).toEqual({ 'blur-worker': 3, 'queue-worker': 3 });
      await Promise.all(['blur-worker', 'queue-worker'].map((name) => scale(name, 1)));
      for (const name of ['blur-worker', 'queue-worker']) {
        await rolledOut(`deployment/${name}`);
        await settled(name);
      }
      report('scaling by hand', await traffic.stop());
      expect(traffic.tally.failed).toEqual([]);
    },
    5 * MINUTE_MS,
  );

  test(
    'no repeatable request fails because of deleted pods and killed processes',
    async () => {
      traffic = startTraffic({ url, perSecond: 100, retries: 'safe' });
      await kubectl(
        'delete',
        'pods',
        '--wait=false',
        '--selector',
        `app.kubernetes.io/name in (${stateless.join()})`,
      );
      await settled();
      let killed = 0;
      for (const { name, of, containerId, restarts } of await pods()) {
        const victim = firstProcessOf(containerId);
        if (victim === undefined) continue;
        process.kill(victim, 'SIGKILL');
        killed += 1;
        await until(
          `${name} runs again`,
          async () =>
            (await pods(of)).some((pod) => pod.name === name && pod.ready && pod.restarts > restarts),
          2 * MINUTE_MS,
        );
      }
      if (killed === 0)
        process.stderr.write('The processes of the node are not those of this machine: none killed.\n');
      report(`deleted ${stateless.length} pods, killed ${killed} processes`, await traffic.stop());
      expect(traffic.tally.failed).toEqual([]);
    },
    6 * MINUTE_MS,
  );

  test(
    'loses no accepted work when the pods of PostgreSQL and Redis are deleted',
    async () => {
      const load = await startLoad({ url, jobsPerSecond: 20 });
      for (const name of stateful) {
        await until('jobs were accepted', () => load.accepted.size > 0, MINUTE_MS);
        const before = load.accepted.size;
        await kubectl('delete', 'pod', `${name}-0`);
        await rolledOut(`statefulset/${name}`);
        await until('more jobs are accepted', () => load.accepted.size > before + 100, MINUTE_MS);
      }
      await load.stop();
      const ids = [...load.accepted.values()];
      const unfinished = new Set(ids);
      await until(
        'every accepted job is completed',
        async () => {
          const states = await Promise.all([...unfinished].slice(0, 50).map((id) => jobState(url, id)));
          for (const { id, status } of states) if (status === 'completed') unfinished.delete(id);
          return unfinished.size === 0;
        },
        3 * MINUTE_MS,
      );
      process.stderr.write(`${ids.length} jobs accepted, ${load.resent} sent again, all completed\n`);
    },
    6 * MINUTE_MS,
  );

  test(
    'a foreign pod in the namespace reaches nothing, and gets no more rights than PodSecurity allows',
    async () => {
      const addresses = await get<{
        items: { metadata: { name: string }; spec: { ports: { port: number }[] } }[];
      }>('services');
      const targets = addresses.items.map(({ metadata, spec }) => `${metadata.name}:${spec.ports[0]!.port}`);
      expect(targets).toHaveLength(stateless.length + stateful.length);
      const refused = await reachable(targets, { 'app.kubernetes.io/name': 'stranger' });
      // Nginx is open to everyone, but a stranger may not even open a connection.
      expect(refused).toEqual([]);
      // The same request from a pod that is allowed to make it: otherwise this would prove nothing.
      const allowed = await reachable(targets, { 'app.kubernetes.io/name': 'queue-worker' });
      expect(allowed.sort()).toEqual(
        ['task-api:3000', 'text-worker:3000', 'blur-worker:3000', 'bw-worker:3000', 'redis:6379'].sort(),
      );

      const privileged = kubectl('run', 'intruder', '--image=redis:8', '--privileged', '--dry-run=server');
      await expect(privileged).rejects.toThrow(/violates PodSecurity "restricted:v[\d.]+": privileged/);
    },
    3 * MINUTE_MS,
  );

  test(
    'gets more replicas under load, keeps them through an apply, and gives them back',
    async () => {
      const replicas = async () =>
        Number(
          await kubectl('get', 'deployment', 'bw-worker', '--output', 'jsonpath={.status.readyReplicas}'),
        );
      await until('bw-worker has one replica', async () => (await replicas()) === 1, 3 * MINUTE_MS);
      const photo = blackPng(4_000, 3_000);
      const statuses: number[] = [];
      let refused = 0;
      let enough = false;
      const begun = performance.now();
      const clients = Array.from({ length: 6 }, async () => {
        while (!enough) {
          try {
            statuses.push((await upload(url, 'bw', photo)).status);
          } catch (error) {
            // The node sometimes refuses while it writes its rules for another pod: nothing was sent.
            if (((error as Error).cause as { code?: string } | undefined)?.code !== 'ECONNREFUSED')
              throw error;
            refused += 1;
            await sleep(100);
          }
        }
      });
      try {
        await until('bw-worker has more replicas', async () => (await replicas()) > 1, 3 * MINUTE_MS);
        process.stderr.write(
          `bw-worker: ${await replicas()} replicas after ${secondsSince(begun)} s of load, ${refused} connections refused\n`,
        );
        const before = await versions();
        await applyAll();
        const scaled = { 'Deployment/bw-worker': expect.any(Number) };
        expect(await versions()).toMatchObject({ ...before, ...scaled });
        expect(await replicas()).toBeGreaterThan(1);
      } finally {
        enough = true;
        await Promise.all(clients);
      }
      expect(statuses.filter((status) => status !== 201)).toEqual([]);
      const quiet = performance.now();
      await until('bw-worker has one replica again', async () => (await replicas()) === 1, 5 * MINUTE_MS);
      process.stderr.write(`and one again ${secondsSince(quiet)} s after it\n`);
    },
    10 * MINUTE_MS,
  );
});

/** The generation of each object, but not its state. */
async function versions(): Promise<Record<string, number>> {
  const kinds =
    'deployments,statefulsets,services,configmaps,secrets,ingresses,hpa,pdb,networkpolicies,pvc,sa';
  interface Item {
    kind: string;
    metadata: { name: string; generation?: number; resourceVersion: string };
  }
  const { items } = await get<{ items: Item[] }>(kinds);
  return Object.fromEntries(
    // An object without a generation has no state either, or one that nobody changes here.
    items.map(({ kind, metadata }) => [
      `${kind}/${metadata.name}`,
      metadata.generation ?? Number(kind === 'HorizontalPodAutoscaler' ? 0 : metadata.resourceVersion),
    ]),
  );
}

async function apiSuite(url: string, part = ''): Promise<void> {
  const args = ['jest', 'tests/api/api.test.ts', '--coverage=false', ...(part ? ['-t', part] : [])];
  await promisify(execFile)('npx', args, {
    env: { ...process.env, MILLRACE_URL: url },
    maxBuffer: 64 * 1024 * 1024,
  });
}

function scale(name: string, replicas: number): Promise<string> {
  return kubectl('scale', `deployment/${name}`, `--replicas=${replicas}`);
}

/** Sends work for everyone. @returns how many replicas of the workers took part, if there were three of each */
async function workersAtWork(url: string): Promise<Record<string, number> | undefined> {
  const uploads = Array.from({ length: 6 }, async () => {
    const response = await upload(url, 'blur', blackPng(1, 1));
    const { hops = [] } = (await response.json()) as { hops?: { pod: string }[] };
    return hops[0]?.pod ?? '';
  });
  const blurred = new Set(await Promise.all(uploads));
  const jobs = (await (await fetch(`${url}/api/jobs?status=completed&limit=50`)).json()) as {
    processed_by_pod: string;
  }[];
  const alive = new Set((await pods('queue-worker')).map(({ name }) => name));
  const consumed = new Set(jobs.map((job) => job.processed_by_pod).filter((pod) => alive.has(pod)));
  const found = { 'blur-worker': blurred.size, 'queue-worker': consumed.size };
  return blurred.size === 3 && consumed.size === 3 ? found : undefined;
}

async function upload(url: string, effects: string, png: Buffer): Promise<Response> {
  const body = new FormData();
  body.set('effects', effects);
  body.set('file', new Blob([new Uint8Array(png)], { type: 'image/png' }), 'image.png');
  return fetch(`${url}/upload`, { method: 'POST', body });
}

async function jobState(url: string, id: string): Promise<{ id: string; status: string }> {
  const response = await fetch(`${url}/api/jobs/${id}`);
  return (await response.json()) as { id: string; status: string };
}

function secondsSince(begun: number): string {
  return ((performance.now() - begun) / 1_000).toFixed(0);
}

function report(what: string, { requests, failed, resent, slowestMs }: Tally): void {
  process.stderr.write(
    `${what}: ${requests} requests, ${failed.length} failed, ${resent} sent again, slowest ${Math.round(slowestMs)} ms\n`,
  );
}
