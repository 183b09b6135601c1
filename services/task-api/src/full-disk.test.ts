import type { Job } from '@millrace/contracts';
import request from 'supertest';
import { eventually } from '../../../tests/support/eventually.js';
import { mountSmallDisk } from '../../../tests/support/small-disk.js';
import { startTaskApi, type TestTaskApi } from '../../../tests/support/task-api.js';

const disk = mountSmallDisk(256);
if (!disk) process.stderr.write('Only root may mount a disk that a test can fill: this test is skipped.\n');

let taskApi: TestTaskApi;
const call = () => request(taskApi.app);
const writes = {
  task: () =>
    call()
      .post('/api/tasks')
      .send({ title: 'a', description: 'b'.repeat(5_000) }),
  job: () =>
    call()
      .post('/api/add')
      .send({ task: 'c'.repeat(200) }),
};

(disk ? it : it.skip)(
  'answers writes 503 while PostgreSQL has no room on its disk, says so in its health, and recovers by itself',
  async () => {
    taskApi = await startTaskApi({}, { postgresDataDir: disk!.path });
    taskApi.keepSweeping();
    try {
      await call().get('/health').expect(200);
      const { id } = (await writes.job().expect(202)).body as Job;

      disk!.fill();
      await eventually(async () => {
        const { body } = await call().get('/health').expect(503);
        expect(body.checks).toMatchObject({
          postgres: { status: 'unhealthy' },
          redis: { status: 'healthy' },
        });
      });
      const seen = new Set<number>();
      // There is room in its existing pages; when that is used up, nothing more is accepted.
      for (const write of Object.values(writes)) {
        await eventually(async () => {
          const response = await write();
          seen.add(response.status);
          expect(response.status).toBe(503);
          expect(response.type).toBe('application/problem+json');
          expect(Number(response.get('retry-after'))).toBeGreaterThan(0);
        }, 30_000);
      }
      expect([201, 202, 503]).toEqual(expect.arrayContaining([...seen]));
      await call().get('/health').expect(503);

      disk!.free();
      await eventually(() => writes.task().expect(201), 30_000);
      await eventually(() => writes.job().expect(202));
      await eventually(() => call().get('/health').expect(200));
      await call().get(`/api/jobs/${id}`).expect(200);
    } finally {
      disk!.free();
      await taskApi.stop();
      disk!.remove();
    }
  },
  120_000,
);
