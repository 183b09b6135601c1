import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataDir, type DataDirOptions } from './data-dir.js';
import { repositoryRoot } from '../paths.js';
import { freePort } from './ports.js';
import { findProgram } from './programs.js';
import { readTlsFiles } from './tls-files.js';
import { waitUntilReady } from '../supervise/readiness.js';
import { loadSecrets, type Secrets } from './secrets.js';
import { superviseProcess, type SupervisedProcess } from '../supervise/supervised-process.js';

/** The users of services; redis/users.conf says what each may do. */
export type RedisUser = 'web_gateway' | 'task_api' | 'queue_worker' | 'rate_limits';

export type RedisServer = {
  /** The administrator's: redis://admin:password@127.0.0.1:port/0 */
  url: string;
  /** The services', in the same form. */
  urls: Record<RedisUser, string>;
  /** The metrics exporter's, which may only read statistics. */
  metrics: { user: string; password: string };
  port: number;
  process: SupervisedProcess;
  /** Idempotent. */
  stop(): Promise<void>;
};

export type RedisOptions = DataDirOptions & {
  /** Lines of redis.conf that replace the product's, e.g. `maxmemory 64mb`. */
  settings?: readonly string[];
};

/** Starts the machine's redis-server on a free port of 127.0.0.1, with the product's configuration and users. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { onLine, onEvent, signal, settings = [] } = options;
  const tlsDir = options.tlsDir && join(options.tlsDir, 'redis');
  const dataDir = await openDataDir(options);
  let server: SupervisedProcess | undefined;

  const stop = async () => {
    await server?.stop(10_000);
    await dataDir.close();
  };

  try {
    const passwords = passwordsOf(loadSecrets(join(dataDir.path, 'secrets.json')));
    const port = await freePort();
    const folder = join(dataDir.path, 'redis');
    mkdirSync(folder, { recursive: true });
    const command = findProgram('redis-server');
    const listen = tlsDir ? tlsSettings(port, tlsDir) : [`port ${port}`];
    const own = ['bind 127.0.0.1', ...listen, `dir ${JSON.stringify(folder)}`, 'loglevel warning'];
    const configuration = join(folder, 'redis.conf');
    // A file instead of arguments: the process table would show those to everyone.
    rmSync(configuration, { force: true });
    const text = configure(majorVersionOf(command), passwords, [...own, ...settings]);
    writeFileSync(configuration, text, { mode: 0o600 });

    server = superviseProcess(
      { name: 'redis', command, args: [configuration], cwd: folder },
      { guard: dataDir.guard, onLine, onEvent },
    );
    const urlOf = (user: keyof typeof passwords) => `redis://${user}:${passwords[user]}@127.0.0.1:${port}/0`;
    const url = urlOf('admin');
    const urls = {
      web_gateway: urlOf('web_gateway'),
      task_api: urlOf('task_api'),
      queue_worker: urlOf('queue_worker'),
      rate_limits: urlOf('rate_limits'),
    };
    await waitUntilReady(server, () => answersPing(url, tlsDir), { signal });
    const metrics = { user: 'metrics', password: passwords.metrics };
    return { url, urls, metrics, port, process: server, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function passwordsOf(secrets: Secrets): Record<RedisUser | 'admin' | 'metrics', string> {
  return {
    admin: secrets.redisPassword,
    web_gateway: secrets.redisWebGatewayPassword,
    task_api: secrets.redisTaskApiPassword,
    queue_worker: secrets.redisQueueWorkerPassword,
    metrics: secrets.redisMetricsPassword,
    rate_limits: secrets.redisRateLimitsPassword,
  };
}

/** The text of a redis.conf, as redis/start builds it in a container. */
export function configure(
  majorVersion: number,
  passwords: Record<string, string>,
  settings: readonly string[],
): string {
  const read = (name: string) => readFileSync(join(repositoryRoot, 'redis', name), 'utf8');
  const users = read('users.conf').replace(/^user (\w+) on .*$/gm, (line, user: string) => {
    return `${line} #${createHash('sha256').update(passwords[user]!).digest('hex')}`;
  });
  const text = [read('redis.conf'), users, ...settings, ''].join('\n');
  // Machines of 2022 have Redis 6, which knows neither; it lets every user use every channel.
  return majorVersion >= 7 ? text : text.replace(/^maxmemory-clients .*$/gm, '').replace(/ &\S+/g, '');
}

/** As redis/start has them. */
function tlsSettings(port: number, folder: string): string[] {
  const file = (name: string) => JSON.stringify(join(folder, name));
  return [
    'port 0',
    `tls-port ${port}`,
    'tls-protocols TLSv1.3',
    'tls-auth-clients yes',
    `tls-cert-file ${file('tls.crt')}`,
    `tls-key-file ${file('tls.key')}`,
    `tls-ca-cert-file ${file('ca.crt')}`,
  ];
}

function majorVersionOf(command: string): number {
  const [, major = '0'] = /v=(\d+)/.exec(execFileSync(command, ['--version'], { encoding: 'utf8' })) ?? [];
  return Number(major);
}

/** False while it still reads its append-only file (it responds LOADING). */
async function answersPing(url: string, tlsDir: string | undefined): Promise<boolean> {
  // Loaded while Redis starts.
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    ...(tlsDir && { tls: readTlsFiles(tlsDir) }),
  });
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
