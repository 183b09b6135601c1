import { createServiceClient, type ServiceClient } from '@millrace/chassis/calls';
import { createHttpApp, Unavailable } from '@millrace/chassis/http';
import type { Postgres } from '@millrace/chassis/stores/postgres';
import { Router } from 'express';
import request from 'supertest';
import { type Listener, listenOnFreePort } from '../../../../tests/support/listen.js';
import { basics } from '../../../../tests/support/service-basics.js';
import { startTaskApi, type TestTaskApi } from '../../../../tests/support/task-api.js';
import { forwardJob } from './forward-job.js';
import { createJobClient } from './job-client.js';

let taskApi: TestTaskApi;
beforeAll(async () => {
  taskApi = await startTaskApi();
});
afterAll(() => taskApi.stop());
beforeEach(() => taskApi.empty());

const listeners: Listener[] = [];
let client: ServiceClient | undefined;
afterEach(async () => {
  await client?.close();
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

const scheduling = { priority: 'medium' } as const;
const image = { type: 'image/png', bytes: Buffer.from('x') } as const;

/** A gateway in front of replicas of task-api. @param lostAnswers how many commits the replica does not hear of */
async function startGateway({ replicas = 1, lostAnswers = 0 } = {}) {
  const postgres = losingAnswers(taskApi.postgres.db, lostAnswers);
  while (listeners.length < replicas) {
    listeners.push(await listenOnFreePort(taskApi.createApp({ postgres })));
  }
  client = createServiceClient({ name: 'task-api', urls: listeners.map(({ url }) => url) });
  const jobs = createJobClient(client);
  const routes = Router()
    .post('/text', (req, res) => forwardJob(req, res, jobs.analyze('a', scheduling)))
    .post('/image', (req, res) => forwardJob(req, res, jobs.image(image, ['bw'], scheduling)));
  return createHttpApp({ ...basics('web-gateway-1'), service: 'web-gateway', routes: [routes] });
}

/** A PostgreSQL that does its work, but whose responses get lost. */
function losingAnswers(db: Postgres, count: number): Postgres {
  let left = count;
  const arrive = <T>(answer: T): T => {
    if (left === 0) return answer;
    left -= 1;
    throw new Unavailable('The database is not available right now.');
  };
  return {
    ...db,
    async query(text, values) {
      const rows = await db.query<never>(text, values);
      return text.includes('INSERT') ? arrive(rows) : rows;
    },
    transaction: async (work) => arrive(await db.transaction(work)),
  };
}

const jobs = () => taskApi.postgres.db.query<{ id: string }>('SELECT id FROM jobs');

it.each(['/text', '/image'])(
  'makes one job of POST %s, however many responses of replicas get lost',
  async (path) => {
    const app = await startGateway({ replicas: 3, lostAnswers: 2 });
    const { body } = await request(app).post(path).expect(202);
    expect(await jobs()).toEqual([{ id: body.id }]);
  },
);

it('makes a job of each request', async () => {
  const app = await startGateway();
  const answers = await Promise.all([1, 2, 3].map(() => request(app).post('/image').expect(202)));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(3);
});

it("uses the client's own key, and passes on the refusal of an invalid one", async () => {
  const app = await startGateway();
  const post = (key: string) => request(app).post('/image').set('Idempotency-Key', key);
  const first = await post('key-1').expect(202);
  const second = await post('key-1').expect(202);
  expect(second.body).toEqual(first.body);
  expect(second.get('location')).toBe(first.get('location'));
  for (const bad of ['', 'with space', 'ä']) {
    expect((await post(bad).expect(400)).body.errors).toEqual([
      { path: 'Idempotency-Key', message: expect.any(String) },
    ]);
  }
});
