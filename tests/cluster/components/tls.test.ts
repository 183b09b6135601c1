// overlays/components/tls, in a separate namespace, with Secrets like cert-manager's: npm run test:components -- tls. It uses the
// images that deploy.sh has built, or those with the tag VERSION.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { type ServiceName, serviceNames, services } from '#topology';
import { readTlsFiles } from '../../../local/servers/tls-files.js';
import type { Manifest } from '../../k8s/manifests.js';
import { createAuthority, type TestAuthority } from '../../support/certificates.js';
import { plainQuestion, plainRequest, plainStartup, serialQuestion } from '../../support/tls-probes.js';
import { startTraffic } from '../../support/traffic.js';
import { until } from '../../support/until.js';
import { clusterAnswers } from '../kubectl.js';
import { apply, render } from './beside.js';

const run = promisify(execFile);
const MINUTE_MS = 60_000;
const namespace = 'millrace-tls';
const programs = [...serviceNames, 'nginx', 'postgres', 'redis'];
const stateful = ['postgres', 'redis'];

const hasCluster = clusterAnswers();
if (!hasCluster)
  process.stderr.write('No cluster answers (kubectl get --raw /readyz): these tests are skipped.\n');

async function kubectl(...args: string[]): Promise<string> {
  const options = { maxBuffer: 64 * 1024 * 1024 };
  return (await run('kubectl', ['--namespace', namespace, ...args], options)).stdout;
}

/** k8s/ with the component, in its own namespace, without what a cluster can have only once, and without what cert-manager would read. */
function renderedStack(): Manifest[] {
  return render('k8s', ['tls'])
    .filter(({ apiVersion, kind }) => !apiVersion.startsWith('cert-manager.io/') && kind !== 'Ingress')
    .map(
      (manifest) =>
        JSON.parse(
          JSON.stringify(manifest)
            .replaceAll(/"(name|namespace)":"millrace"/g, `"$1":"${namespace}"`)
            .replaceAll('.millrace.svc.', `.${namespace}.svc.`)
            .replaceAll(/,?"nodePort":\d+/g, '')
            .replaceAll(/("image":"millrace\/[a-z-]+):dev"/g, `$1:${process.env.VERSION ?? 'dev'}"`)
            .replaceAll(/"BLUR_DELAY_MS":"\d+"/g, '"BLUR_DELAY_MS":"0"'),
        ) as Manifest,
    );
}

/** New certificates for all programs, in Secrets like cert-manager's. */
async function secretsOf(authority: TestAuthority): Promise<object[]> {
  return Promise.all(
    programs.map(async (name) => {
      const { cert, key, ca } = readTlsFiles(await authority.issue(name));
      return {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: `${name}-tls`, namespace },
        type: 'kubernetes.io/tls',
        stringData: { 'tls.crt': cert, 'tls.key': key, 'ca.crt': ca },
      };
    }),
  );
}

const workload = (name: string) => `${stateful.includes(name) ? 'statefulset' : 'deployment'}/${name}`;
const exec = (name: string, ...command: string[]) => kubectl('exec', workload(name), '--', ...command);

/** The answer when a pod that may connect sends this over a plain connection. */
const plainAnswer = (from: string, to: string, port: number, bytes: string) =>
  exec(from, 'bash', '-c', plainQuestion(to, port, bytes));

/** The serial number of the certificate that Redis or PostgreSQL shows a service. */
const serialOf = (service: ServiceName, server: 'redis' | 'postgres') =>
  exec(service, 'entrypoint', 'node', '-e', serialQuestion(server));

/** Follows the logs of all pods from now on. Polling each of them would slow them down. */
function followLogs(): { lines: string[]; stop(): void } {
  const what = ['--selector', 'app.kubernetes.io/part-of=millrace', '--prefix', '--max-log-requests', '20'];
  const kubectl = spawn('kubectl', ['--namespace', namespace, 'logs', '--follow', '--since=1s', ...what], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface(kubectl.stdout).on('line', (line) => lines.push(line));
  return { lines, stop: () => kubectl.kill() };
}

/** Captures this machine's traffic. The result is empty where that is not possible. */
function capture(filter: string): { listening: Promise<unknown>; stop(): Promise<Buffer> } {
  const tcpdump = spawn('tcpdump', ['-i', 'any', '--immediate-mode', '-U', '-w', '-', filter], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const heard = buffer(tcpdump.stdout);
  const ended = Promise.race([once(tcpdump, 'close'), once(tcpdump, 'error')]).catch(() => undefined);
  return {
    listening: Promise.race([once(tcpdump.stderr, 'data'), ended]),
    async stop() {
      tcpdump.kill();
      await ended;
      return heard;
    },
  };
}

/** A service or Nginx that may call a service. */
function callerOf(service: ServiceName): string {
  if (services[service].publicPaths) return 'nginx';
  return serviceNames.find((name) => service in (services[name].calls ?? {}))!;
}

(hasCluster ? describe : describe.skip)('the component tls', () => {
  let authority: TestAuthority;
  let url: string;

  beforeAll(async () => {
    authority = await createAuthority();
    const stack = renderedStack();
    await apply(stack.filter(({ kind }) => kind === 'Namespace'));
    await apply(await secretsOf(authority));
    await apply(stack);
    for (const name of programs) await kubectl('rollout', 'status', workload(name), '--timeout=240s');
    const [port, address] = await Promise.all([
      kubectl('get', 'service/nginx-service', '--output', 'jsonpath={.spec.ports[0].nodePort}'),
      kubectl(
        ...['get', 'nodes', '--output'],
        'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}',
      ),
    ]);
    url = await until(
      'the node port answers',
      async () => {
        for (const host of ['127.0.0.1', address]) {
          const health = await fetch(`http://${host}:${port}/health`).catch(() => undefined);
          if (health?.status === 200) return `http://${host}:${port}`;
        }
        return undefined;
      },
      MINUTE_MS,
    );
  }, 10 * MINUTE_MS);

  afterAll(async () => {
    await kubectl('delete', 'namespace', namespace, '--ignore-not-found', '--wait=false');
    await kubectl('delete', 'pods', '--all', '--grace-period=1', '--wait=false');
    authority.remove();
  }, MINUTE_MS);

  test.each(serviceNames)(
    '%s refuses plain requests, and answers probes without a certificate',
    async (service) => {
      expect(await plainAnswer(callerOf(service), service, 3000, plainRequest('/livez'))).not.toContain(
        'HTTP/1',
      );
      expect(await plainAnswer(service, '127.0.0.1', 3001, plainRequest('/livez'))).toContain('200 OK');
      expect(await plainAnswer(service, '127.0.0.1', 3001, plainRequest('/health'))).toContain('404');
    },
    MINUTE_MS,
  );

  test(
    'Redis and PostgreSQL refuse plain connections',
    async () => {
      expect(await plainAnswer('task-api', 'redis', 6379, 'PING\\r\\n')).not.toMatch(/PONG|NOAUTH/);
      expect(await plainAnswer('task-api', 'postgres', 5432, plainStartup)).toContain('no encryption');
    },
    MINUTE_MS,
  );

  test(
    'nothing of a request can be read on the network behind Nginx',
    async () => {
      const secret = `secret${Date.now()}`;
      const clients = capture('tcp port 8080');
      const behind = capture('tcp port 3000 or tcp port 5432 or tcp port 6379');
      await Promise.all([clients.listening, behind.listening]);
      const headers = { 'Content-Type': 'application/json' };
      const post = (path: string, body: object) =>
        fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      await post('/tasks', { title: secret });
      await post('/analyze', { text: secret });
      const { id } = (await (await post(`/api/add/${secret}`, {})).json()) as { id: string };
      await until('the job is completed', async () =>
        (await (await fetch(`${url}/api/jobs/${id}`)).text()).includes('"completed"'),
      );
      const seen = { clients: await clients.stop(), behind: await behind.stop() };
      if (!seen.clients.includes(secret)) {
        process.stderr.write('tcpdump is not installed, or does not see the traffic of pods: not tested.\n');
        return;
      }
      expect(seen.behind.length).toBeGreaterThan(10_000);
      expect(seen.behind.includes(secret)).toBe(false);
    },
    MINUTE_MS,
  );

  test(
    'certificates are renewed under load, and no request fails',
    async () => {
      const serials = () =>
        Promise.all([serialOf('queue-worker', 'redis'), serialOf('user-api', 'postgres')]);
      const before = await serials();
      const logs = followLogs();
      // The first requests open connections: on a busy machine, some in vain.
      await startTraffic({ url, perSecond: 30, retries: 'safe' }).stop(150);
      const traffic = startTraffic({ url, perSecond: 30, retries: 'none' });
      await apply(await secretsOf(authority));
      const has = (name: string, text: RegExp) =>
        logs.lines.some((line) => line.startsWith(`[pod/${name}-`) && text.test(line));
      await until(
        'everyone uses the new certificates',
        () =>
          serviceNames.every((name) => has(name, /using the renewed certificate/)) &&
          stateful.every((name) => has(name, /new connections use/)) &&
          has('nginx', /Nginx uses the new one/),
        4 * MINUTE_MS,
      );
      const { requests, failed, slowestMs } = await traffic.stop(3_000);
      logs.stop();
      process.stderr.write(`renewal: ${requests} requests, slowest ${Math.round(slowestMs)} ms\n`);
      for (const failure of failed) {
        const [, id] = /request ([\w.-]+)/.exec(failure) ?? [];
        const about = logs.lines.filter((line) => id !== undefined && line.includes(id));
        process.stderr.write(`${[failure, ...about].join('\n')}\n`);
      }
      expect(failed).toEqual([]);
      for (const [index, serial] of (await serials()).entries()) expect(serial).not.toBe(before[index]);
    },
    6 * MINUTE_MS,
  );
});
