import { join } from 'node:path';
import { createServiceClient } from '@millrace/chassis/calls';
import { checkHealth, createHttpApp } from '@millrace/chassis/http';
import { createAllowance } from '@millrace/chassis/stores/limits';
import type { Express, RequestHandler } from 'express';
import { createApp, type Limits, type Services } from '../../services/web-gateway/src/app.js';

import { type Link, openLink } from './link.js';
import { listenOnFreePort } from './listen.js';
import { startTestRedis, type TestRedis } from './redis.js';
import { basics } from './service-basics.js';
import { createBlurWorker, createBwWorker, createTextWorker } from './workers.js';

/** web-gateway, with its own Redis and a replica of every service, each behind a link. */
export interface TestGateway {
  app: Express;
  redis: TestRedis;
  links: Record<keyof Services, Link>;
  /** How often queue-worker has been asked for its health. */
  timesAsked(): number;
  /** Undoes all damage to the links. */
  mend(): Promise<void>;
  stop(): Promise<void>;
}

const WORKER_LIMITS = {
  IMAGE_MAX_PIXELS: 50_000_000,
  WORK_MAX_BYTES: 200 * 1024 ** 2,
  WORK_CONCURRENCY: 1,
  WORK_QUEUE_LIMIT: 10,
};

/**
 * @param options.limits default: 1 MiB a file, 64 MiB of memory for images, 4 waiting, 3 s an upload, images kept for an hour
 * @param options.uploads what a client may upload. Default: no limit
 * @param options.furtherUrls of services, as if they had a second replica there
 */
export async function startGateway(
  options: {
    limits?: Partial<Limits>;
    uploads?: { perSecond: number; burst: number };
    furtherUrls?: Partial<Record<keyof Services, string>>;
  } = {},
): Promise<TestGateway> {
  const { furtherUrls = {}, uploads } = options;
  const redis = await startTestRedis();
  const limits = WORKER_LIMITS;
  let timesAsked = 0;
  const apps: Record<keyof Services, [name: string, app: Express]> = {
    // Of these three, the gateway only asks for their health.
    taskApi: bareService('task-api'),
    userApi: bareService('user-api'),
    queueWorker: bareService('queue-worker', () => (timesAsked += 1)),
    textWorker: ['text-worker', createTextWorker(basics('text-worker-1'))],
    bwWorker: ['bw-worker', createBwWorker({ ...basics('bw-worker-1'), limits })],
    blurWorker: [
      'blur-worker',
      createBlurWorker({ ...basics('blur-worker-1'), limits, sigma: 2, delayMs: 0 }),
    ],
  };
  const running = await Promise.all(
    Object.entries(apps).map(async ([key, [name, app]]) => {
      const listener = await listenOnFreePort(app);
      const link = await openLink(listener.port);
      const furtherUrl = furtherUrls[key as keyof Services];
      const urls = [`http://127.0.0.1:${link.port}`, ...(furtherUrl ? [furtherUrl] : [])];
      return { key, listener, link, client: createServiceClient({ name, urls }) };
    }),
  );
  const services = Object.fromEntries(running.map(({ key, client }) => [key, client])) as Services;
  const links = Object.fromEntries(running.map(({ key, link }) => [key, link])) as TestGateway['links'];

  const app = createApp({
    ...basics('web-gateway-1'),
    redis: await redis.connectAs('web_gateway'),
    uploads:
      uploads &&
      createAllowance(await redis.connectAs('rate_limits'), {
        ...uploads,
        name: 'upload',
        unit: 'content-bytes',
      }),
    services,
    uiFolder: join(__dirname, '../../services/web-gateway/dist/ui'),
    limits: {
      uploadMaxBytes: 1024 ** 2,
      memoryBudgetBytes: 64 * 1024 ** 2,
      uploadQueueLimit: 4,
      labRunLimit: 1,
      uploadTimeoutMs: 3_000,
      imageTtlSeconds: 3_600,
      ...options.limits,
    },
  });
  return {
    app,
    redis,
    links,
    timesAsked: () => timesAsked,
    async mend() {
      await Promise.all([redis.link, ...Object.values(links)].map((link) => link.mend()));
    },
    async stop() {
      await Promise.all(
        running.map(async ({ client, link, listener }) => {
          await client.close();
          await link.close();
          await listener.close();
        }),
      );
      await redis.stop();
    },
  };
}

function bareService(service: string, onHealth = () => {}): [name: string, app: Express] {
  const own = { ...basics(`${service}-1`), service };
  const health: RequestHandler = async (_req, res) => {
    onHealth();
    res.json(await checkHealth(own));
  };
  return [service, createHttpApp({ ...own, health, routes: [] })];
}
