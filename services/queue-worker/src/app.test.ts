import { createServiceClient, type ServiceClient } from '@millrace/chassis/calls';
import { createHttpApp } from '@millrace/chassis/http';
import type { ServiceHealth } from '@millrace/contracts';
import type { Express } from 'express';
import request from 'supertest';
import { eventually } from '../../../tests/support/eventually.js';
import { type Link, openLink } from '../../../tests/support/link.js';
import { type Listener, listenOnFreePort } from '../../../tests/support/listen.js';
import { startTestRedis, type TestRedis } from '../../../tests/support/redis.js';
import { basics, silentLogger } from '../../../tests/support/service-basics.js';
import { createApp } from './app.js';
import type { Consumer } from './consumer.js';
import { startConsumers } from './consumers.js';

let redis: TestRedis;
let listener: Listener;
let link: Link;
let taskApi: ServiceClient;
let consumer: Consumer;
let app: Express;
beforeAll(async () => {
  redis = await startTestRedis();
  listener = await listenOnFreePort(
    createHttpApp({ ...basics('task-api-1'), service: 'task-api', routes: [] }),
  );
  link = await openLink(listener.port);
  taskApi = createServiceClient({ name: 'task-api', urls: [`http://127.0.0.1:${link.port}`] });
  consumer = startConsumers({
    redisUrl: redis.urlOf('queue_worker'),
    concurrency: 1,
    logger: silentLogger(),
    processor: { claim: () => Promise.resolve({ jobs: [], later: [] }), work: () => Promise.resolve() },
  });
  const connection = await redis.connectAs('queue_worker');
  app = createApp({ ...basics('queue-worker-1'), redis: connection, taskApi, consumer });
});
afterAll(async () => {
  await consumer.close(1_000);
  await taskApi.close();
  await link.close();
  await listener.close();
  await redis.stop();
});

/** Waits until exactly these of its checks fail. */
const failing = (...names: string[]) =>
  eventually(async () => {
    const response = await request(app).get('/health');
    const { checks } = response.body as ServiceHealth;
    expect(Object.keys(checks).sort()).toEqual(['queue', 'redis', 'task-api']);
    const failed = Object.keys(checks).filter((name) => checks[name]!.status === 'unhealthy');
    expect(failed.sort()).toEqual(names);
    expect(response.status).toBe(names.length > 0 ? 503 : 200);
  });

it('is healthy while it can take a job, do it and report on it, and names what is missing', async () => {
  await failing();

  await redis.link.cut();
  await failing('queue', 'redis');
  await redis.link.mend();
  await failing();

  await link.cut();
  await failing('task-api');
  await link.mend();
  await failing();

  await redis.redis.replicaof('127.0.0.1', 1);
  await failing('redis');
  await redis.redis.replicaof('NO', 'ONE');
  await failing();

  await consumer.close(1_000);
  await failing('queue');
}, 120_000);
