// Every route of the published description with every kind of token, on a real stack. A new operation is tested as soon as it is described, and
// cannot be described without a rule.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOpenApiDocument } from '@millrace/contracts/openapi';
import { checkAnswer } from '../api/described-answers.js';
import { type Reply, send as sendTo, sendJson, upload } from '../api/client.js';
import { eventually } from '../support/eventually.js';
import {
  ALL_SCOPES,
  isStream,
  open,
  OWN,
  secured,
  type SecuredOperation,
  sendExample,
  without,
} from './operations.js';
import { type SecuredStack, startSecuredStack } from './stack.js';

let stack: SecuredStack;
beforeAll(async () => {
  stack = await startSecuredStack();
}, 90_000);
afterAll(() => stack.stop());

const tokenOf = (sub: string, scope = OWN) => stack.issuer.token({ sub, scope });
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

const send = (operation: SecuredOperation, token?: string, id?: string) =>
  sendExample(operation, { url: stack.url, token, id });

describe('a route', () => {
  test.each(secured)('$title, without a token: 401', async (operation) => {
    const reply = await send(operation);
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="millrace"');
    checkAnswer(operation, reply);
  });

  const seconds = () => Math.floor(Date.now() / 1_000);
  test.each(secured)('$title, with an expired token: 401', async (operation) => {
    const reply = await send(
      operation,
      await stack.issuer.token({ scope: ALL_SCOPES.join(' '), exp: seconds() - 60 }),
    );
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toContain('error="invalid_token"');
    checkAnswer(operation, reply);
  });

  test.each(secured)('$title, with a token for another audience: 401', async (operation) => {
    const reply = await send(
      operation,
      await stack.issuer.token({ scope: ALL_SCOPES.join(' '), aud: 'https://other.test' }),
    );
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toContain('another audience');
    checkAnswer(operation, reply);
  });

  test.each(secured)('$title, with all scopes but $scope: 403', async (operation) => {
    const { scope } = operation;
    const reply = await send(operation, await stack.issuer.token({ scope: without(scope) }));
    expect(reply.status).toBe(403);
    expect(reply.headers['www-authenticate']).toBe(
      `Bearer realm="millrace", error="insufficient_scope", scope="${scope}"`,
    );
    expect(reply.text()).toContain(scope);
    checkAnswer(operation, reply);
  });

  test.each(secured.filter((operation) => !isStream(operation) || operation.path.includes('{id}')))(
    '$title, with the scope $scope: passes',
    async (operation) => {
      const reply = await send(operation, await stack.issuer.token({ scope: operation.scope }));
      // Some requests are incomplete.
      expect(reply.status).toBeLessThan(500);
      expect([401, 403]).not.toContain(reply.status);
    },
  );

  test.each(open)('$title is open to everyone', async (operation) => {
    const page = operation.path.replace('{page}', 'jobs').replace('{file}', 'none.js');
    expect([200, 404]).toContain((await sendTo(page, { url: stack.url })).status);
  });

  test('these operations, and no others, are open', () => {
    expect(open.map(({ path }) => path).sort()).toEqual(
      [
        '/',
        '/docs',
        '/health',
        '/openapi.json',
        '/ui/assets/{file}',
        '/ui/{page}',
        '/user',
        '/user/',
        '/user/health',
      ].sort(),
    );
  });

  test('the running product has the same description as the sources', async () => {
    const reply = await sendTo('/openapi.json', { url: stack.url });
    expect(reply.json()).toEqual(JSON.parse(JSON.stringify(createOpenApiDocument({ isSecured: true }))));
  });
});

describe("another user's data", () => {
  /** Ada's data, by the routes that show and change it. */
  const things: { routes: RegExp; make: () => Promise<string> }[] = [
    { routes: /^(\/api)?\/tasks\/\{id\}/, make: () => created('/api/tasks', { title: 'mine' }) },
    {
      routes: /^\/api\/jobs\/\{id\}/,
      make: () =>
        created('/api/add', { task: 'mine', run_at: new Date(Date.now() + 3_600_000).toISOString() }),
    },
    { routes: /^\/image\/\{id\}/, make: () => uploaded() },
    {
      routes: /^\/api\/keys\/\{id\}/,
      make: () => created('/api/keys', { name: 'mine', scopes: ['tasks:read'] }),
    },
  ];

  const created = async (path: string, body: object) => {
    const reply = await sendJson('POST', path, body, {
      url: stack.url,
      headers: bearer(await tokenOf('ada')),
    });
    expect([201, 202]).toContain(reply.status);
    return (reply.json() as { id: string }).id;
  };
  const uploaded = async (query = '') => {
    const file = readFileSync(
      join(__dirname, '../../packages/image-worker/src/test-images/extra-bytes-before-restart.jpg'),
    );
    const headers = bearer(await tokenOf('ada'));
    const reply = await upload({ file, effects: 'bw' }, { url: stack.url, query, headers });
    expect([201, 202]).toContain(reply.status);
    return (reply.json() as { id: string }).id;
  };

  test.each(secured.filter(({ path }) => path.includes('{id}')))(
    '$title: not there for others, there for its owner and for an administrator',
    async (operation) => {
      const thing = things.find(({ routes }) => routes.test(operation.path));
      // A route for a new kind of data needs an entry here.
      const id = await thing!.make();
      const reply = await send(operation, await tokenOf('bob'), id);
      expect(reply.status).toBe(404);
      checkAnswer(operation, reply);
      // A subject of another issuer is a different subject; its tokens are not accepted, so there is nothing to test.
      if (isStream(operation)) return;
      const changed = operation.method === 'delete' ? await thing!.make() : id;
      for (const [scope, sub, which] of [
        [OWN, 'ada', id],
        [ALL_SCOPES.join(' '), 'root', changed],
      ] as const)
        // A job that has not failed cannot be retried.
        expect([200, 204, 409]).toContain((await send(operation, await tokenOf(sub, scope), which)).status);
    },
  );

  const ids = async (path: string, sub: string, scope?: string) => {
    const reply = await sendTo(path, { url: stack.url, headers: bearer(await tokenOf(sub, scope)) });
    expect(reply.status).toBe(200);
    return (reply.json() as { id: string }[]).map(({ id }) => id);
  };

  test.each([
    ['/api/tasks', '/api/tasks', { title: 'a needle' }],
    ['/api/tasks?status=open', '/api/tasks', { title: 'a needle' }],
    ['/api/tasks?q=needle', '/api/tasks', { title: 'a needle' }],
    ['/api/tasks?q=needle&priority=medium', '/api/tasks', { title: 'a needle' }],
    ['/api/jobs', '/api/add', { task: 'a needle' }],
    ['/api/jobs?kind=task', '/api/add', { task: 'a needle' }],
  ])('GET %s: not in other users’ lists', async (list, path, body) => {
    const id = await created(path, body);
    expect(await ids(list, 'bob')).not.toContain(id);
    expect(await ids(list, 'ada')).toContain(id);
    expect(await ids(list, 'root', ALL_SCOPES.join(' '))).toContain(id);
    expect(await ids(list, 'nobody')).toEqual([]);
  });

  test('a list over several pages shows each of the user’s own once', async () => {
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) made.unshift(await sendAs('carol', `task ${n}`));
    const seen: string[] = [];
    for (let next: string | undefined = '/api/tasks?limit=2'; next;) {
      const reply: Reply = await sendTo(next, { url: stack.url, headers: bearer(await tokenOf('carol')) });
      seen.push(...(reply.json() as { id: string }[]).map(({ id }) => id));
      next = /<([^>]+)>; rel="next"/.exec(String(reply.headers.link ?? ''))?.[1];
    }
    expect(seen).toEqual(made);
  });
  const sendAs = async (sub: string, title: string) => {
    const headers = bearer(await tokenOf(sub));
    const reply = await sendJson('POST', '/api/tasks', { title }, { url: stack.url, headers });
    return (reply.json() as { id: string }).id;
  };

  test('two users can use the same Idempotency-Key', async () => {
    const make = async (sub: string, path: string, body: object) => {
      const headers = { ...bearer(await tokenOf(sub)), 'Idempotency-Key': 'the-same' };
      const reply = await sendJson('POST', path, body, { url: stack.url, headers });
      return { status: reply.status, id: (reply.json() as { id?: string }).id };
    };
    const ada = await make('ada', '/api/tasks', { title: 'once' });
    expect(await make('ada', '/api/tasks', { title: 'once' })).toEqual(ada);
    const bob = await make('bob', '/api/tasks', { title: 'once' });
    expect(bob.status).toBe(201);
    expect(bob.id).not.toBe(ada.id);
    // Also through another service.
    const text = { text: 'Hello' };
    expect((await make('ada', '/analyze?async=true', text)).status).toBe(422);
    const carol = await make('carol', '/analyze?async=true', text);
    expect(carol.status).toBe(202);
    expect(await make('carol', '/analyze?async=true', text)).toEqual(carol);
  });

  test('the image of a job belongs to its sender', async () => {
    const job = await uploaded('async=true');
    const get = async (path: string, sub: string) =>
      sendTo(path, { url: stack.url, headers: bearer(await tokenOf(sub)) });
    const url = await eventually(async () => {
      const { status, result } = (await get(`/api/jobs/${job}`, 'ada')).json() as {
        status: string;
        result: { view_url: string } | null;
      };
      expect(status).toBe('completed');
      return result!.view_url;
    });
    expect((await get(url, 'bob')).status).toBe(404);
    const image = await get(url, 'ada');
    expect(image.status).toBe(200);
    expect(image.headers['cache-control']).toMatch(/^private, /);
    // Nor is it in the cache of a browser for the next person there.
    expect(image.headers.vary).toMatch(/\bAuthorization\b/);
  });
});

test('an event stream ends when its token expires', async () => {
  const token = await stack.issuer.token({ scope: 'tasks:read', exp: Math.floor(Date.now() / 1_000) + 5 });
  const reply = await sendTo('/api/tasks/events', { url: stack.url, headers: bearer(token) });
  expect(reply.status).toBe(200);
  // The token has ended it, and nothing that comes much later.
  expect(reply.ms).toBeLessThan(20_000);
});

describe('inside', () => {
  const replicaOf = (name: string) => stack.replicas.find(({ service }) => service === name)!.url;

  test.each([
    ['task-api', '/internal/jobs/claims'],
    ['task-api', '/internal/jobs/analyze'],
    ['text-worker', '/process'],
    ['blur-worker', '/process'],
    ['bw-worker', '/process'],
  ])('%s%s refuses callers that are not services, whatever their token', async (service, path) => {
    const token = await tokenOf('root', ALL_SCOPES.join(' '));
    for (const headers of [{}, bearer(token), { 'X-Service-Token': token }]) {
      const reply = await sendTo(path, { url: replicaOf(service), method: 'POST', headers });
      expect(reply.status).toBe(403);
    }
  });

  test('nobody outside can pose as a service', async () => {
    const headers = { 'X-Service-Token': `${stack.serviceToken} ada` };
    expect((await sendTo('/api/tasks', { url: stack.url, headers })).status).toBe(401);
    expect((await sendTo('/process', { url: stack.url, method: 'POST', headers })).status).toBe(404);
  });
});
