// What must hold in every environment with sign-in: the same tests for containers and for a cluster.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createdKeySchema } from '@millrace/contracts';
import { send, sendJson, upload } from '../api/client.js';
import { until } from '../support/until.js';
import { open, secured, sendExample } from './operations.js';

const root = join(__dirname, '../..');
const run = promisify(execFile);
const MINUTE_MS = 60_000;

export interface SignedInStack {
  url: string;
  /** An access token for everything, and another user's for everything except `jobs:admin`. */
  admin: string;
  person: string;
  /** Runs a Node script in a container of web-gateway. @returns its output */
  inside(script: string): Promise<string>;
}

/** Declares the tests. */
export function checkSignIn(stack: () => SignedInStack): void {
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
  const get = (path: string, token: string) => send(path, { url: stack().url, headers: bearer(token) });
  const post = (path: string, body: object, token: string) =>
    sendJson('POST', path, body, { url: stack().url, headers: bearer(token) });

  interface Job {
    id: string;
    status: string;
    result: { view_url: string } | null;
  }
  const completed = (id: string, token: string) =>
    until(
      'the job is completed',
      async () => {
        const job = (await get(`/api/jobs/${id}`, token)).json() as Job;
        return job.status === 'completed' && job;
      },
      MINUTE_MS,
    );

  test('without a token, every call except the open ones gets 401', async () => {
    const statuses = secured.map(async (operation) => {
      const { status, headers } = await sendExample(operation, { url: stack().url });
      return [operation.title, status, headers['www-authenticate']];
    });
    expect(await Promise.all(statuses)).toEqual(
      secured.map(({ title }) => [title, 401, 'Bearer realm="millrace"']),
    );
    expect(open.map(({ path }) => path)).toContain('/health');
    expect((await send('/health', { url: stack().url })).status).toBe(200);
    expect((await send('/', { url: stack().url })).status).toBe(200);
  });

  test('an invalid token gets 401, one without the scope 403, and one with it an answer', async () => {
    const forged = `${stack().admin.slice(0, -4)}AAAA`;
    expect((await get('/api/jobs/summary', forged)).status).toBe(401);
    const refused = await get('/api/jobs/summary', stack().person);
    expect(refused.status).toBe(403);
    expect(refused.headers['www-authenticate']).toContain('scope="jobs:admin"');
    expect((await get('/api/jobs/summary', stack().admin)).status).toBe(200);
  });

  test(
    'a job is accepted and completed, and only its owner and administrators see it',
    async () => {
      const accepted = await post('/api/add/task1', {}, stack().person);
      expect(accepted.status).toBe(202);
      const { id } = accepted.json() as Job;
      await completed(id, stack().person);
      expect((await get(`/api/jobs/${id}`, stack().admin)).status).toBe(200);
      const { id: other } = (await post('/api/add/task2', {}, stack().admin)).json() as Job;
      expect((await get(`/api/jobs/${other}`, stack().person)).status).toBe(404);
    },
    2 * MINUTE_MS,
  );

  test(
    'services do for people what they ask of one another: a text, and an image through both effects',
    async () => {
      const text = { text: 'Hello, how are you?' };
      expect((await post('/analyze', text, stack().person)).status).toBe(200);
      const file = readFileSync(
        join(root, 'packages/image-worker/src/test-images/extra-bytes-before-restart.jpg'),
      );
      const headers = bearer(stack().person);
      const accepted = await upload(
        { file, effects: 'bw,blur' },
        { url: stack().url, query: 'async=true', headers },
      );
      expect(accepted.status).toBe(202);
      const { result } = await completed((accepted.json() as Job).id, stack().person);
      expect((await get(result!.view_url, stack().person)).status).toBe(200);
      expect((await send(result!.view_url, { url: stack().url })).status).toBe(401);
    },
    2 * MINUTE_MS,
  );

  test('services refuse internal calls without their token', async () => {
    const urls = ['http://task-api:3000/internal/jobs/claims', 'http://text-worker:3000/process'];
    const script = `
      const headers = { Authorization: 'Bearer ${stack().admin}' };
      const statusOf = async (url) => (await fetch(url, { method: 'POST', headers })).status;
      Promise.all(${JSON.stringify(urls)}.map(statusOf)).then((statuses) => console.log(JSON.stringify(statuses)));`;
    expect(JSON.parse(await stack().inside(script))).toEqual([403, 403]);
  });

  test('an API key works in every service until it is revoked', async () => {
    const created = await post(
      '/api/keys',
      { name: 'laptop', scopes: ['tasks:write', 'users:read', 'texts:analyze'] },
      stack().person,
    );
    expect(created.status).toBe(201);
    const { id, key } = created.as(createdKeySchema);
    const statuses = async () => [
      (await post('/api/add/task3', {}, key)).status,
      (await get('/user/users', key)).status,
      (await post('/analyze', { text: 'Hello' }, key)).status,
      (await get('/api/tasks', key)).status,
    ];
    expect(await statuses()).toEqual([202, 200, 200, 403]);
    const revoked = await send(`/api/keys/${id}`, {
      ...{ url: stack().url, method: 'DELETE', headers: bearer(stack().person) },
    });
    expect(revoked.status).toBe(204);
    await until(
      'it is refused everywhere',
      async () => (await statuses()).every((status) => status === 401),
      15_000,
    );
  }, 30_000);

  test(
    'load-test.sh takes a token, and says so when there is none',
    async () => {
      const load = (token: string) => {
        const env = { ...process.env, MILLRACE_URL: stack().url, MILLRACE_TOKEN: token };
        return run(join(root, 'load-test.sh'), ['-n', '5', '--target', 'analyze'], { env });
      };
      expect((await load(stack().person)).stdout).toMatch(/^failed {4}0$/m);
      await expect(load('')).rejects.toMatchObject({
        stdout: expect.stringContaining('(set MILLRACE_TOKEN)') as string,
      });
    },
    2 * MINUTE_MS,
  );
}
