import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { openDataDir, type DataDirOptions } from './data-dir.js';
import { freePort } from './ports.js';
import { findProgram } from './programs.js';
import { waitUntilReady } from './readiness.js';
import { loadSecrets } from './secrets.js';
import { superviseProcess, type SupervisedProcess } from './supervised-process.js';

export type RedisServer = {
  /** redis://:password@127.0.0.1:port/0 */
  url: string;
  port: number;
  process: SupervisedProcess;
  /** Idempotent. */
  stop(): Promise<void>;
};

/** Starts the machine's redis-server on a free port of 127.0.0.1, with an append-only file and nothing ever evicted. */
export async function startRedis(options: DataDirOptions = {}): Promise<RedisServer> {
  const { onLine, onEvent, signal } = options;
  const dataDir = await openDataDir(options);
  let server: SupervisedProcess | undefined;

  const stop = async () => {
    await server?.stop(10_000);
    await dataDir.close();
  };

  try {
    const { redisPassword } = loadSecrets(join(dataDir.path, 'secrets.json'));
    const port = await freePort();
    const folder = join(dataDir.path, 'redis');
    mkdirSync(folder, { recursive: true });
    const configuration = join(folder, 'redis.conf');
    // A file and not arguments: the process table would show the password to everyone.
    rmSync(configuration, { force: true });
    writeFileSync(configuration, configure({ port, folder, password: redisPassword }), { mode: 0o600 });

    server = superviseProcess(
      { name: 'redis', command: findProgram('redis-server'), args: [configuration], cwd: folder },
      { guard: dataDir.guard, onLine, onEvent },
    );
    const url = `redis://:${redisPassword}@127.0.0.1:${port}/0`;
    await waitUntilReady(server, () => answersPing(url), { signal });
    return { url, port, process: server, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configure({ port, folder, password }: { port: number; folder: string; password: string }): string {
  return `bind 127.0.0.1
port ${port}
requirepass ${password}
dir ${JSON.stringify(folder)}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
loglevel warning
`;
}

/** False while it still reads its append-only file (it answers LOADING then). */
async function answersPing(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  try {
    await redis.connect();
    await redis.ping();
    return true;
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}
