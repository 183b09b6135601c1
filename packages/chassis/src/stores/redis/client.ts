import type { SpanDescription } from '@millrace/tracing';
import { type ChainableCommander, Redis, ReplyError } from 'ioredis';
import type { DependencyCheck } from '../../http/health.js';
import { Unavailable } from '../../http/problem.js';
import type { Logger } from '../../process/log/logger.js';
import { reasonOf } from '../../process/tls/reason.js';
import type { StoreTls } from '../../process/tls/tls.js';
import { inSpan } from '../../telemetry/spans.js';

export type { Redis } from 'ioredis';

/**
 * A connection for request handlers: a command that is not answered within about 2 s fails, and no command waits for a connection that is
 * not there. It keeps reconnecting for as long as it takes.
 *
 * @param url `redis://[[user]:password@]host:port[/db]`, or `rediss://…`
 * @param options.commandTimeoutMs default 2,000
 * @param options.enableAutoPipelining whether the commands of one turn of the event loop are sent together. Default false
 * @param options.tls how to reach it with TLS, whatever the URL says. Default: as the URL says
 */
export function connectRedis(
  url: string,
  logger: Logger,
  options: { commandTimeoutMs?: number; enableAutoPipelining?: boolean; tls?: StoreTls | undefined } = {},
): Redis {
  const { commandTimeoutMs = 2_000, enableAutoPipelining = false, tls } = options;
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    enableAutoPipelining,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 2_000,
    retryStrategy: backOff,
    ...(tls && { tls: optionsOf(tls) }),
  });
  logConnection(redis, logger);
  return redis;
}

/** ioredis reads the context again for each connection. */
function optionsOf(tls: StoreTls) {
  return {
    get secureContext() {
      return tls.context();
    },
  };
}

/** For ioredis' `retryStrategy`: 50 ms after the first failure, doubling up to 2 s. */
export function backOff(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt - 1, 10), 2_000);
}

/** Logs once when the connection is lost and once when it is back, not at every try. */
export function logConnection(redis: Redis, logger: Logger): void {
  let lost = false;
  redis.on('error', (error) => {
    if (!lost) logger.warn({ err: error, reason: reasonOf(error) }, 'Redis is not available');
    lost = true;
  });
  redis.on('ready', () => {
    if (lost) logger.info('Redis is available again');
    lost = false;
  });
}

/**
 * Runs commands and turns every failure of Redis itself into a 503.
 *
 * @param name the command and what it is for, in traces: `HGETALL image`. No keys, because they contain ids
 */
export async function whileRedisAnswers<T>(name: string, commands: () => Promise<T>): Promise<T> {
  try {
    return await inSpan(describeCommands, name, commands);
  } catch (error) {
    // A reply such as WRONGTYPE is our mistake; LOADING, OOM, READONLY and the like are states of Redis.
    if (error instanceof ReplyError && /^(ERR|WRONGTYPE)/.test((error as Error).message)) throw error;
    throw new Unavailable('The image store and queue are not available right now. Try again in a moment.', {
      cause: error,
    });
  }
}

function describeCommands(name: string): SpanDescription {
  const [operation = ''] = name.split(' ');
  const attributes = { 'db.system.name': 'redis', 'db.operation.name': operation };
  return { name, kind: 'client', attributes };
}

/** Runs a MULTI … EXEC. @throws the error of the first of its commands that failed */
export async function execute(transaction: ChainableCommander): Promise<void> {
  const results = await transaction.exec();
  const failure = results?.find(([error]) => error)?.[0];
  if (failure) throw failure;
}

/** Every user in redis/users.conf may write to it. */
const HEALTH_KEY = 'health';

/**
 * Writes, and leaves nothing behind: a Redis that is full, read-only or out of disk space answers reads, but does no work. It shares the
 * connection of the requests: if a check waits too long on it, so do they.
 */
export function redisCheck(redis: Redis): DependencyCheck {
  return {
    name: 'redis',
    check: () => execute(redis.multi().set(HEALTH_KEY, '', 'PX', 1_000).del(HEALTH_KEY)),
  };
}
