import request from 'supertest';
import { eventually } from '../../../tests/support/eventually.js';
import { startTaskApi, type TestTaskApi } from '../../../tests/support/task-api.js';

let taskApi: TestTaskApi;
beforeAll(async () => {
  taskApi = await startTaskApi();
});
afterAll(() => taskApi.stop());

const call = () => request(taskApi.app);

it('shows a friendly page that names its replica', async () => {
  const response = await call().get('/').expect(200);
  expect(response.type).toBe('text/html');
  expect(response.text).toContain('<h1>Task service</h1>');
  expect(response.text).toContain('task-api-test');
});

it('is healthy with its dependencies, unhealthy without, and names the missing one', async () => {
  const { postgres, redis } = taskApi;
  const healthy = await call().get('/health').expect(200);
  expect(healthy.body).toMatchObject({
    status: 'healthy',
    service: 'task-api',
    pod: 'task-api-test',
    checks: { postgres: { status: 'healthy' }, redis: { status: 'healthy' } },
  });

  await redis.link.cut();
  await eventually(async () => {
    const { body } = await call().get('/health').expect(503);
    expect(body.checks).toMatchObject({ postgres: { status: 'healthy' }, redis: { status: 'unhealthy' } });
  });
  await redis.link.mend();

  await postgres.link.cut();
  await eventually(async () => {
    const { body } = await call().get('/health').expect(503);
    expect(body.checks).toMatchObject({ postgres: { status: 'unhealthy' }, redis: { status: 'healthy' } });
  });
  // No reason to take its replicas out of the load balancer, or to restart them.
  await call().get('/readyz').expect(200);
  await call().get('/livez').expect(200);
  await postgres.link.mend();

  await eventually(() => call().get('/health').expect(200));
});
