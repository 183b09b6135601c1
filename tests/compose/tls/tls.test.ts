// docker-compose.tls.yaml, in a separate project: npm run test:compose-tls
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceName, serviceNames } from '#topology';
import { makeImage } from '../../support/images.js';
import { plainQuestion, plainRequest, plainStartup, serialQuestion } from '../../support/tls-probes.js';
import { startTraffic } from '../../support/traffic.js';
import { until } from '../../support/until.js';
import { type Composed, composed, engineAnswers } from '../docker.js';

const MINUTE_MS = 60_000;

const hasEngine = engineAnswers();
if (!hasEngine) process.stderr.write('No container engine answers (docker info): these tests are skipped.\n');

(hasEngine ? describe : describe.skip)('the composed stack with TLS behind Nginx', () => {
  let stack: Composed;

  beforeAll(async () => {
    stack = await composed('millrace-tls');
    stack.env.COMPOSE_FILE = 'docker-compose.yaml:docker-compose.tls.yaml';
    await stack.compose('down', '--volumes');
    await stack.compose('up', '--build', '--detach', '--wait');
  }, 15 * MINUTE_MS);

  afterAll(() => stack.compose('down', '--volumes'), 2 * MINUTE_MS);

  const exec = (service: string, ...command: string[]) => stack.compose('exec', '-T', service, ...command);
  /** From the gateway, which is on every network. */
  const plainAnswer = (to: string, port: number, bytes: string) =>
    exec('web-gateway', 'bash', '-c', plainQuestion(to, port, bytes));
  const serialOf = (service: ServiceName, server: 'redis' | 'postgres') =>
    exec(service, 'entrypoint', 'node', '-e', serialQuestion(server));

  test(
    'every hop refuses a plain connection',
    async () => {
      for (const service of serviceNames) {
        expect(await plainAnswer(service, 3000, plainRequest('/livez'))).not.toContain('HTTP/1');
        // The same request where it is answered: otherwise, this would prove nothing.
        expect(await plainAnswer(service, 3001, plainRequest('/livez'))).toContain('200 OK');
        expect(await plainAnswer(service, 3001, plainRequest('/health'))).toContain('404');
      }
      expect(await plainAnswer('redis', 6379, 'PING\\r\\n')).not.toMatch(/PONG|NOAUTH/);
      expect(await plainAnswer('postgres', 5432, plainStartup)).toContain('no encryption');
    },
    2 * MINUTE_MS,
  );

  test(
    'no program sees the key of the authority, or of another program',
    async () => {
      for (const service of [...serviceNames, 'nginx', 'postgres', 'redis'])
        expect((await exec(service, 'ls', '/run/tls')).split('\n').sort().join(' ').trim()).toBe(
          'ca.crt tls.crt tls.key',
        );
      const stranger = ['run', '--rm', '--no-deps', '-T', '--user', '4711', '--entrypoint', 'cat', 'redis'];
      await expect(stack.compose(...stranger, '/run/tls/tls.key')).rejects.toThrow(/Permission denied/);
    },
    2 * MINUTE_MS,
  );

  test(
    'an upload, a job and the web UI work',
    async () => {
      const body = new FormData();
      body.set('effects', 'bw,blur');
      body.set('file', new Blob([new Uint8Array(await makeImage('png'))]), 'a.png');
      const uploaded = await fetch(`${stack.url}/upload`, { method: 'POST', body });
      expect(uploaded.status).toBe(201);
      const { view_url: image } = (await uploaded.json()) as { view_url: string };
      expect((await fetch(new URL(image, stack.url))).status).toBe(200);

      const accepted = await fetch(`${stack.url}/api/add/tea`, { method: 'POST' });
      expect(accepted.status).toBe(202);
      const { id } = (await accepted.json()) as { id: string };
      await until('the job is completed', async () =>
        (await (await fetch(`${stack.url}/api/jobs/${id}`)).text()).includes('"completed"'),
      );
      expect(await (await fetch(stack.url)).text()).toContain('<!doctype html>');
    },
    MINUTE_MS,
  );

  test(
    'administrators reach PostgreSQL and Redis',
    async () => {
      const ssl = 'SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
      expect(await stack.compose('run', '--rm', '-T', 'psql', 'psql', '-Atc', ssl)).toContain('TLSv1.3');
      const ping =
        'REDISCLI_AUTH=$(cat /run/secrets/password) redis-cli -s /tmp/redis.sock --user admin ping';
      expect(await exec('redis', 'sh', '-c', ping)).toContain('PONG');
    },
    MINUTE_MS,
  );

  test(
    'certificates are renewed under load with one command, and no request fails',
    async () => {
      const serials = () =>
        Promise.all([serialOf('queue-worker', 'redis'), serialOf('user-api', 'postgres')]);
      const before = await serials();
      // The first requests open connections: on a busy machine, some in vain.
      await startTraffic({ url: stack.url, perSecond: 100, retries: 'safe' }).stop(500);
      const traffic = startTraffic({ url: stack.url, perSecond: 100, retries: 'none' });
      const since = new Date().toISOString();
      await stack.compose('run', '--rm', '-T', 'certificates');
      const said = {
        ...Object.fromEntries(serviceNames.map((name) => [name, /using the renewed certificate/])),
        nginx: /Nginx uses the new one/,
        postgres: /new connections use/,
        redis: /new connections use/,
      };
      await until(
        'everyone uses the new certificates',
        async () => {
          await sleep(1_000);
          const lines = (await stack.compose('logs', '--no-color', '--since', since)).split('\n');
          return Object.entries(said).every(([name, text]) =>
            lines.some((line) => line.startsWith(name) && text.test(line)),
          );
        },
        MINUTE_MS,
      );
      const { failed, requests } = await traffic.stop(3_000);
      process.stderr.write(`renewal: ${requests} requests\n`);
      expect(failed).toEqual([]);
      for (const [index, serial] of (await serials()).entries()) expect(serial).not.toBe(before[index]);
    },
    3 * MINUTE_MS,
  );
});
