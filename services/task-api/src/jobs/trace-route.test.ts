import { randomUUID } from 'node:crypto';
import { HttpProblem } from '@millrace/chassis/http';
import type { TraceReader } from '@millrace/chassis/traces';
import request from 'supertest';
import { useTaskApi } from '../../../../tests/support/task-api.js';

const taskApi = useTaskApi();
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Returns the id of the requested trace. */
const traces: TraceReader = {
  read: (traceparent) => Promise.reject(new HttpProblem(404, `asked for ${traceparent}`)),
  readBegunWith: () => Promise.reject(new Error('not asked here')),
  close: () => Promise.resolve(),
};

async function add(headers: Record<string, string> = {}): Promise<string> {
  const { body } = await request(taskApi.app).post('/api/add/task1').set(headers).expect(202);
  return (body as { id: string }).id;
}

it('shows the trace of the request that the job was accepted with', async () => {
  const app = taskApi.createApp({ traces });
  const id = await add({ traceparent: TRACEPARENT });
  const { body } = await request(app).get(`/api/jobs/${id}/trace`).expect(404);
  expect(body.detail).toContain(`asked for ${TRACEPARENT.slice(0, 35)}`);
  await request(app).post(`/api/jobs/${id}/trace`).expect(405);
  expect((await request(app).get(`/api/jobs/${randomUUID()}/trace`).expect(404)).body.detail).toBe(
    'There is no job with this id.',
  );
});

it('does not exist without a trace store', async () => {
  const id = await add();
  const { body } = await request(taskApi.app).get(`/api/jobs/${id}/trace`).expect(404);
  expect(body.detail).toMatch(/^There is nothing at/);
});
