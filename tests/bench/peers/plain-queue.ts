import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { startNginx } from '../../../local/servers/nginx.js';
import { freePort } from '../../../local/servers/ports.js';
import { startRedis } from '../../../local/servers/redis.js';
import { planReplicas } from '../../../local/stack/replicas.js';
import type { Contestant } from '../contestant.js';
import type { Bench } from '../row.js';
import { sourceCommand, startHttpPeer, startPeer } from './peer-process.js';
import { until } from '../../support/until.js';

/** What the parts of a plain queue get. */
export interface QueueParts {
  redisUrl: string;
  /** Where the API must listen: Nginx expects task-api there. */
  apiPort: number;
  /** Receives the workers' output. */
  onLine: (source: string, line: string) => void;
}

interface Part {
  stop(): Promise<void>;
}

/**
 * A queue of the textbook kind behind the same Nginx, and on the same kind of Redis as ours: a list, and nothing that survives a crash.
 *
 * @param completed what its workers write when a job is done
 */
export async function startQueue(
  bench: Bench,
  completed: string,
  startParts: (parts: QueueParts) => Promise<Part[]>,
): Promise<Contestant> {
  const dataDir = mkdtempSync(join(bench.folder, 'queue-'));
  const { guard, signal } = bench;
  const parts: Part[] = [];
  const stop = async () => {
    for (const part of parts.splice(0).reverse()) await part.stop();
  };
  let jobsDone = 0;
  try {
    const redis = await startRedis({ guard, dataDir, signal });
    parts.push(redis);
    const port = await freePort();
    const replicas = await planReplicas();
    const apiPort = replicas.find(({ service }) => service === 'task-api')!.port;
    parts.push(startNginx({ guard, dataDir, hosts: ['127.0.0.1'], port, replicas }).process);
    const onLine = (_source: string, line: string) => {
      if (line.includes(completed)) jobsDone += 1;
    };
    parts.push(...(await startParts({ redisUrl: redis.url, apiPort, onLine })));
    return {
      url: `http://127.0.0.1:${port}`,
      begin() {
        const before = jobsDone;
        return Promise.resolve({
          async done(jobs) {
            await until(
              'all jobs are done',
              () => {
                signal.throwIfAborted();
                return jobsDone - before >= jobs;
              },
              DEADLINE_MS,
            );
          },
        });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const DEADLINE_MS = 120_000;

/** Express, ioredis, LPUSH and BRPOP. */
export function startPlainQueue(bench: Bench): Promise<Contestant> {
  return startQueue(bench, 'Completed task', async ({ redisUrl, apiPort, onLine }) => {
    const env = { ...process.env, REDIS_URL: redisUrl };
    const worker = startPeer(bench, { ...sourceCommand('plain-worker'), env }, onLine);
    const api = await startHttpPeer(bench, sourceCommand('plain-api'), { REDIS_URL: redisUrl }, apiPort);
    return [api, worker];
  });
}
