// API keys: each route with each kind of key, on a real stack.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createApiKey } from '@millrace/chassis/http';
import { createPostgres, type Postgres } from '@millrace/chassis/stores/postgres';
import { createdKeySchema, KEY_SCOPES, KEYS_PER_OWNER } from '@millrace/contracts';
import { checkAnswer } from '../api/described-answers.js';
import { send, sendJson } from '../api/client.js';
import { eventually } from '../support/eventually.js';
import { configOf } from '../support/postgres.js';
import { silentLogger } from '../support/service-basics.js';
import { ALL_SCOPES, isStream, OWN, secured, sendExample } from './operations.js';
import { type SecuredStack, startSecuredStack } from './stack.js';

let stack: SecuredStack;
let db: Postgres;
beforeAll(async () => {
  stack = await startSecuredStack();
  db = createPostgres(configOf(stack.postgres, 'task-api'), silentLogger());
}, 90_000);
afterAll(async () => {
  await db.end();
  await stack.stop();
});

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const asked = async (sub: string, body: object, scope = ALL_SCOPES.join(' ')) => {
  const token = await stack.issuer.token({ sub, scope });
  return sendJson('POST', '/api/keys', body, { url: stack.url, headers: bearer(token) });
};
const made = async (sub: string, scopes: string[]) => {
  const reply = await asked(sub, { name: 'test', scopes });
  expect(reply.status).toBe(201);
  return reply.as(createdKeySchema);
};
const get = (path: string, key: string) => send(path, { url: stack.url, headers: bearer(key) });

/** The calls that a key can allow. */
const callable = secured.filter(({ scope }) => scope !== 'keys:manage');

describe('a route', () => {
  let whole: string;
  let expired: string;
  let revoked: string;
  beforeAll(async () => {
    const keys = await Promise.all(['table-1', 'table-2', 'table-3'].map((sub) => made(sub, KEY_SCOPES)));
    [whole, expired, revoked] = keys.map(({ key }) => key) as [string, string, string];
    await db.query(`UPDATE api_keys SET expires_at = now() - interval '1 s' WHERE id = $1`, [keys[1]!.id]);
    await db.query('DELETE FROM api_keys WHERE id = $1', [keys[2]!.id]);
  });

  test.each(secured)(
    '$title, with an expired, a revoked, an unknown or a mistyped key: 401',
    async (operation) => {
      for (const [token, reason] of [
        [expired, 'has expired'],
        [revoked, 'Unknown API key'],
        [createApiKey(), 'Unknown API key'],
        [`${whole.slice(0, -1)}!`, 'Bearer realm'],
      ] as const) {
        const reply = await sendExample(operation, { url: stack.url, token });
        expect(reply.status).toBe(401);
        expect(reply.headers['www-authenticate']).toContain(reason);
        checkAnswer(operation, reply);
      }
    },
  );

  const keyWithout = new Map<string, Promise<string>>();
  test.each(callable)('$title, with a key for everything but $scope: 403', async (operation) => {
    const { scope } = operation;
    const others = KEY_SCOPES.filter((name) => name !== scope);
    if (!keyWithout.has(scope))
      keyWithout.set(
        scope,
        made(`without-${scope}`, others).then(({ key }) => key),
      );
    const reply = await sendExample(operation, { url: stack.url, token: await keyWithout.get(scope)! });
    expect(reply.status).toBe(403);
    expect(reply.headers['www-authenticate']).toContain(`scope="${scope}"`);
    checkAnswer(operation, reply);
  });

  test.each(callable.filter((operation) => !isStream(operation) || operation.path.includes('{id}')))(
    '$title, with a key for everything: passes',
    async (operation) => {
      const reply = await sendExample(operation, { url: stack.url, token: whole });
      expect(reply.status).toBeLessThan(500);
      expect([401, 403]).not.toContain(reply.status);
    },
  );

  test.each(secured.filter(({ scope }) => scope === 'keys:manage'))(
    '$title, with whatever key: 403, because keys make no keys',
    async (operation) => {
      expect((await sendExample(operation, { url: stack.url, token: whole })).status).toBe(403);
    },
  );
});

test('what a key creates belongs to its owner, and a key sees nothing of other users', async () => {
  const { key } = await made('ada', ['tasks:read', 'tasks:write']);
  const reply = await sendJson(
    'POST',
    '/api/tasks',
    { title: 'mine' },
    { url: stack.url, headers: bearer(key) },
  );
  const { id } = reply.json() as { id: string };
  const token = await stack.issuer.token({ sub: 'ada', scope: OWN });
  expect((await get(`/api/tasks/${id}`, token)).status).toBe(200);
  const { key: other } = await made('bob', ['tasks:read', 'tasks:write']);
  expect((await get(`/api/tasks/${id}`, other)).status).toBe(404);
  expect((await get('/api/tasks', other)).json()).toEqual([]);
});

test('a revoked key no longer works anywhere after ten seconds', async () => {
  const { key, id } = await made('ada', ['tasks:read', 'users:read', 'images:read']);
  const statuses = async () =>
    // One in each service.
    Promise.all(
      ['/api/tasks', '/user/users', `/image/${id}`].map(async (path) => (await get(path, key)).status),
    );
  expect(await statuses()).toEqual([200, 200, 404]);
  const token = await stack.issuer.token({ sub: 'ada', scope: OWN });
  const reply = await send(`/api/keys/${id}`, { url: stack.url, method: 'DELETE', headers: bearer(token) });
  expect(reply.status).toBe(204);
  const revoked = performance.now();
  let lastAccepted = revoked;
  await eventually(async () => {
    const asked = performance.now();
    const now = await statuses();
    if (now.some((status) => status !== 401)) lastAccepted = asked;
    expect(now).toEqual([401, 401, 401]);
  });
  expect(lastAccepted - revoked).toBeLessThan(11_000);
});

test('somebody else cannot revoke a key, or see it; an administrator can', async () => {
  const { id } = await made('carol', ['tasks:read']);
  const as = async (sub: string, scope: string, method: string, path: string) =>
    send(path, { url: stack.url, method, headers: bearer(await stack.issuer.token({ sub, scope })) });
  expect((await as('bob', OWN, 'DELETE', `/api/keys/${id}`)).status).toBe(404);
  expect((await as('bob', OWN, 'GET', '/api/keys?subject=carol')).status).toBe(403);
  const admin = ALL_SCOPES.join(' ');
  const seen = (await as('root', admin, 'GET', '/api/keys?subject=carol')).json();
  expect(seen).toEqual([expect.objectContaining({ id, name: 'test' })]);
  expect(JSON.stringify(seen)).not.toContain('"key"');
  expect((await as('root', admin, 'DELETE', `/api/keys/${id}`)).status).toBe(204);
});

test('a key allows nothing that its creator may not do', async () => {
  const reply = await asked(
    'bob',
    { name: 'a', scopes: ['tasks:read', 'jobs:admin'] },
    'keys:manage tasks:read',
  );
  expect(reply.status).toBe(422);
  expect(reply.text()).toContain('your access token lacks jobs:admin');
  expect((await asked('bob', { name: 'a', scopes: ['keys:manage'] })).status).toBe(422);
});

test('a user can have a limited number of keys, however quickly they create them', async () => {
  const replies = await Promise.all(
    Array.from({ length: KEYS_PER_OWNER + 10 }, () =>
      asked('dave', { name: 'many', scopes: ['tasks:read'] }),
    ),
  );
  const count = (status: number) => replies.filter((reply) => reply.status === status).length;
  expect([count(201), count(409)]).toEqual([KEYS_PER_OWNER, 10]);
});

test('neither a key nor its secret part is stored', async () => {
  const { key, id } = await made('erin', ['tasks:read']);
  const [row] = await db.query('SELECT row_to_json(api_keys)::text AS text FROM api_keys WHERE id = $1', [
    id,
  ]);
  const { text } = row as { text: string };
  expect(text).toContain(key.slice(0, 15));
  expect(text).not.toContain(key.slice(0, 16));
  expect(text).not.toContain(key.slice(15));
});

test('load-test.sh and npm run jobs accept a key', async () => {
  const { key } = await made('grace', ['texts:analyze', 'tasks:read', 'jobs:admin']);
  const run = (token: string, command: string, ...args: string[]) => {
    const env = { ...process.env, MILLRACE_URL: stack.url, MILLRACE_TOKEN: token };
    return promisify(execFile)(join(__dirname, '../..', command), args, { env });
  };
  const load = ['-n', '5', '--target', 'analyze'];
  expect((await run(key, 'load-test.sh', ...load)).stdout).toMatch(/^failed {4}0$/m);
  await expect(run('', 'load-test.sh', ...load)).rejects.toMatchObject({
    stdout: expect.stringContaining('(set MILLRACE_TOKEN)') as string,
  });
  const env = { ...process.env, MILLRACE_URL: stack.url, MILLRACE_TOKEN: key };
  const script = join(__dirname, '../../scripts/jobs.mjs');
  expect((await promisify(execFile)(process.execPath, [script], { env })).stdout).toMatch(
    /^completed +\d+$/m,
  );
});

test('npm run keys creates, lists and revokes a key', async () => {
  const script = join(__dirname, '../../scripts/keys.mjs');
  const token = await stack.issuer.token({ sub: 'frank', scope: OWN });
  const run = async (...args: string[]) => {
    const env = { ...process.env, MILLRACE_URL: stack.url, MILLRACE_TOKEN: token };
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], { env });
    return stdout.trim();
  };
  expect(await run()).toBe('There are no keys.');
  const key = await run('create', 'nightly import', '--scopes', 'tasks:read,tasks:write', '--days', '7');
  expect((await get('/api/tasks', key)).status).toBe(200);
  const [, id] = /^(\S+) {2}millrace_\w{6}… .* nightly import$/.exec(await run('list'))!;
  expect(await run('revoke', id!)).toBe('Revoked.');
  expect(await run('list')).toBe('There are no keys.');
  await expect(run('create', 'x', '--scopes', 'jobs:admin')).rejects.toThrow('lacks jobs:admin');
});
