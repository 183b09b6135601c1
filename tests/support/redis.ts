import { once } from 'node:events';
import { connectRedis, type Redis } from '@millrace/chassis/redis';
import { type RedisServer, startRedis } from '../../local/redis.js';
import { type Link, openLink } from './link.js';
import { silentLogger } from './service-basics.js';

/** A Redis of the test's own, reached over a link that can be damaged. */
export interface TestRedis {
  server: RedisServer;
  link: Link;
  /** Over the link. */
  url: string;
  /** A service's connection, over the link. */
  redis: Redis;
  stop(): Promise<void>;
}

export async function startTestRedis(): Promise<TestRedis> {
  const server = await startRedis();
  const link = await openLink(server.port);
  const url = server.url.replace(`:${server.port}/`, `:${link.port}/`);
  const redis = connectRedis(url, silentLogger());
  await once(redis, 'ready');
  return {
    server,
    link,
    url,
    redis,
    async stop() {
      redis.disconnect();
      await link.close();
      await server.stop();
    },
  };
}
