import { connectRedis } from '@millrace/chassis/stores/redis';
import { Redis } from 'ioredis';
import {
  type RedisOptions,
  type RedisServer,
  type RedisUser,
  startRedis,
} from '../../local/servers/redis.js';
import { type Link, openLink } from './link.js';
import { silentLogger } from './service-basics.js';

/** The test's own Redis, reached over a link that can be damaged. */
export interface TestRedis {
  server: RedisServer;
  link: Link;
  /** The administrator's connection, over the link. */
  redis: Redis;
  /** Where a service finds it: over the link, as its own user. */
  urlOf(user: RedisUser): string;
  /** A connection like a service's. The test closes it with `stop`. */
  connectAs(user: RedisUser): Promise<Redis>;
  /** Also checks whether a service was refused a command or key that it needs. */
  stop(): Promise<void>;
}

export async function startTestRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const server = await startRedis(options);
  const link = await openLink(server.port);
  const overLink = (url: string) => url.replace(`:${server.port}/`, `:${link.port}/`);
  const connections: Redis[] = [];
  const connect = async (url: string) => {
    const redis = connectRedis(url, silentLogger());
    connections.push(redis);
    // Its first attempt may fail on a busy machine: it goes on.
    await new Promise<void>((resolve) => redis.once('ready', resolve));
    return redis;
  };
  const urlOf = (user: RedisUser) => overLink(server.urls[user]);
  return {
    server,
    link,
    redis: await connect(overLink(server.url)),
    urlOf,
    connectAs: (user) => connect(urlOf(user)),
    async stop() {
      // A server that the test has stopped cannot tell.
      const refused = await refusals(server.url).catch(() => []);
      for (const redis of connections) redis.disconnect();
      await link.close();
      await server.stop();
      expect(refused).toEqual([]);
    },
  };
}

/** What Redis's rules (redis/users.conf) have refused since it was started, or since `ACL LOG RESET`. */
export async function refusals(url: string): Promise<string[]> {
  const redis = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    const log = (await redis.acl('LOG')) as unknown[][];
    return log.map((entry) => JSON.stringify(entry));
  } finally {
    redis.disconnect();
  }
}
