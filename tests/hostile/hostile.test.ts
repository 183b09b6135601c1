// One malicious client beside ten normal ones, on the composed stack with its real limits: npm run test:hostile.
import { rmSync } from 'node:fs';
import { type Composed, composed, docker, engineAnswers } from '../compose/docker.js';
import { fallen, reportUsage, type Usage, usagesOf } from '../compose/usage.js';
import { makeImages } from './images.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;
const SECONDS = Number(process.env['HOSTILE_SECONDS'] ?? 60);
/** How much slower the stack may be for the others in the meantime, at the 95th percentile. */
const SLOWER_AT_MOST = 3;

interface HonestReport {
  latencies: Record<string, number[]>;
  failed: string[];
  refused: number;
}

const hasEngine = engineAnswers();

(hasEngine ? describe : describe.skip)('a client who means harm', () => {
  let stack: Composed;
  let images: { hostile: string; honest: string };

  beforeAll(async () => {
    images = await makeImages();
    stack = await composed();
    await stack.compose('down', '--volumes');
    await stack.compose('up', '--build', '--detach', '--wait');
    await fillImageStore();
  }, 15 * MINUTE_MS);

  afterAll(async () => {
    // Does not wait for work that is still running for the malicious client.
    await stack.compose('down', '--volumes', '--timeout', '5');
    for (const folder of Object.values(images)) rmSync(folder, { recursive: true });
  }, 2 * MINUTE_MS);

  test(
    'denies the service to nobody, and kills nothing',
    async () => {
      await honest(5);
      const alone = await honest(30);
      // On a separate machine, it would take no CPU from the stack's.
      const attack = inContainer('attacker.ts', SECONDS, images.hostile, '/images', ['--cpu-shares', '64']);
      const beside = await honest(SECONDS);
      const answers = await attack;

      const usages = await usageOfAll();
      report(alone, beside, answers, usages);
      expect(alone.failed).toEqual([]);
      expect(beside.failed).toEqual([]);
      expect(fallen(usages)).toEqual([]);
      for (const kind of Object.keys(alone.latencies)) {
        const [before, meanwhile] = [p95(alone.latencies[kind]!), p95(beside.latencies[kind]!)];
        expect(meanwhile / before).toBeLessThan(SLOWER_AT_MOST);
      }
      // What it leaves behind gets done, and the stack is as before.
      await until('all is healthy', async () => (await fetch(`${stack.url}/health`)).ok, MINUTE_MS);
    },
    SECONDS * 1_000 + 5 * MINUTE_MS,
  );

  async function honest(seconds: number): Promise<HonestReport> {
    return JSON.parse(
      await inContainer('honest.ts', seconds, images.honest, '/images/photo.jpg'),
    ) as HonestReport;
  }

  /** Runs a script of tests/hostile beside the stack, on Nginx's network, under its own address. @returns its output */
  async function inContainer(
    script: string,
    seconds: number,
    folder: string,
    argument: string,
    further: string[] = [],
  ): Promise<string> {
    const options = ['--rm', '--network', 'millrace-test_front', '--ulimit', 'nofile=8192', ...further];
    const mounts = ['-v', `${__dirname}:/hostile:ro`, '-v', `${folder}:/images:ro`];
    const program = ['--no-warnings', '--experimental-strip-types', `/hostile/${script}`];
    return docker(
      'run',
      ...options,
      ...mounts,
      '--entrypoint',
      'node',
      'millrace/web-gateway:dev',
      ...program,
      'http://nginx:8080',
      String(seconds),
      argument,
    );
  }

  /** Fills Redis with finished images up to its limit. */
  async function fillImageStore(): Promise<void> {
    const script =
      "for i = 1, 16 do local k = 'image:' .. ARGV[1] .. '-' .. i; redis.pcall('HSET', k, 'type', 'image/png', 'etag', i, " +
      "'bytes', string.rep('x', 1048576)); redis.pcall('EXPIRE', k, 86400) end";
    const loop = `for n in $(seq 50); do ${REDIS_CLI} eval "${script}" 0 $n; done`;
    await stack.compose('exec', '-T', 'redis', 'sh', '-c', `{ ${loop}; } >/dev/null`);
  }

  async function usageOfAll(): Promise<Usage[]> {
    const ids = (await stack.compose('ps', '--quiet')).trim().split('\n');
    return usagesOf(ids);
  }
});

const REDIS_CLI = 'REDISCLI_AUTH=$(cat /run/secrets/password) redis-cli --user admin --no-auth-warning';

function p95(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.95)] ?? NaN;
}

function report(alone: HonestReport, beside: HonestReport, answers: string, usages: Usage[]): void {
  const kinds = Object.keys(alone.latencies).map((kind) => {
    const [before, meanwhile] = [alone.latencies[kind]!, beside.latencies[kind]!];
    const ratio = (p95(meanwhile) / p95(before)).toFixed(2);
    return `  ${kind}: p95 ${p95(before)} ms alone (${before.length}), ${p95(meanwhile)} ms beside (${meanwhile.length}), ratio ${ratio}\n`;
  });
  process.stderr.write(
    `honest clients: ${beside.failed.length} failed, ${beside.refused} answered 429\n${kinds.join('')}`,
  );
  reportUsage(`the hostile client was answered ${answers.trim()}`, usages);
}
