import { type RequestHandler, Router } from 'express';
import request from 'supertest';
import { AUDIENCE, startIssuer } from '../../../../../tests/support/issuer.js';
import { basics, silentLogger } from '../../../../../tests/support/service-basics.js';
import { createHttpApp } from '../app.js';
import { createAuthentication } from '../auth/authentication.js';
import type { Allowance } from './allowance.js';
import { charge } from './charge.js';

/** What was charged to whom. */
let charged: [client: string, cost: number][] = [];
beforeEach(() => (charged = []));

/** An allowance of 100. */
const allowance: Allowance = {
  spend(client, cost) {
    charged.push([client, cost]);
    const isAllowed = charged.reduce((sum, [, one]) => sum + one, 0) <= 100;
    const policy = '"requests";q=100;w=10;qu="requests"';
    const left = `"requests";r=0;t=${isAllowed ? 0 : 3}`;
    return Promise.resolve({ isAllowed, waitSeconds: 3, rate: '10 requests a second', policy, left });
  },
};

const done: RequestHandler = (_req, res) => void res.json({});

function createApp(own: object = {}) {
  const routes = Router();
  routes.route(['/api/tasks', '/tasks']).get(done).post(done);
  routes.route('/analyze').post(done);
  routes.route('/lab/runs').post(done);
  routes.route('/internal/jobs/claims').post(done);
  const bytes: Allowance = {
    spend: async (client, cost) => ({
      ...(await allowance.spend(client, cost))!,
      ...{ policy: '"upload";q=9;w=1;qu="content-bytes"', left: '"upload";r=1;t=1' },
    }),
  };
  routes.route('/upload').post(
    charge(bytes, () => 7),
    done,
  );
  return createHttpApp({ ...basics('a-1'), service: 'a', routes: [routes], allowance, ...own });
}
const app = createApp();
const costs = () => charged.map(([, cost]) => cost);

it.each([
  ['GET', '/tasks', 1],
  ['HEAD', '/tasks', 1],
  ['GET', '/tasks?q=bread', 10],
  ['POST', '/tasks', 2],
])('%s %s costs %d', async (method, path, cost) => {
  await (
    method === 'GET'
      ? request(app).get(path)
      : method === 'HEAD'
        ? request(app).head(path)
        : request(app).post(path)
  ).expect(200);
  expect(costs()).toEqual([cost]);
});

it('charges the text of an analysis by its length, before it is read', async () => {
  await request(app).post('/analyze').send('x'.repeat(20_480)).expect(200);
  expect(costs()).toEqual([3]);
});

it.each(['/livez', '/nothing', '/internal/jobs/claims'])('charges nothing for %s', async (path) => {
  await request(app).post(path).set('X-Real-IP', '192.0.2.1');
  await request(app).get(path).set('X-Real-IP', '192.0.2.1');
  expect(charged).toEqual([]);
});

it('says what is left of each allowance', async () => {
  const { headers } = await request(app).post('/upload').expect(200);
  expect(headers['ratelimit-policy']).toBe(
    '"requests";q=100;w=10;qu="requests", "upload";q=9;w=1;qu="content-bytes"',
  );
  expect(headers['ratelimit']).toBe('"requests";r=0;t=0, "upload";r=1;t=1');
  expect(costs()).toEqual([10, 7]);
});

it('refuses what is too much, and says when to try again', async () => {
  await request(app).post('/lab/runs').expect(200);
  const refused = await request(app).get('/tasks').expect(429);
  expect(refused.type).toBe('application/problem+json');
  expect(refused.headers).toMatchObject({ 'retry-after': '3', ratelimit: '"requests";r=0;t=3' });
  expect(refused.body).toMatchObject({
    detail: 'You have used up your 10 requests a second. Try again in 3 s.',
  });
});

it('allows a request, and sends no header, while it is unknown what is left', async () => {
  const blind = createApp({ allowance: { spend: () => Promise.resolve(undefined) } });
  const { headers } = await request(blind).get('/tasks').expect(200);
  expect(headers).not.toHaveProperty('ratelimit');
});

it.each([
  ['an IPv4 address', { 'X-Real-IP': '192.0.2.1' }, ['192.0.2.1']],
  ['an IPv6 network', { 'X-Real-IP': '2001:db8:1:2:3::4' }, ['2001:db8:1:2::/64']],
  ['nobody, behind an address of many', { 'X-Real-IP': '192.0.2.1', 'X-Shared-Address': '1' }, []],
])('charges %s', async (_case, headers, clients) => {
  await request(app).get('/tasks').set(headers).expect(200);
  expect(charged.map(([client]) => client)).toEqual(clients);
});

it('charges a signed-in subject, wherever it is, and nobody for an invalid token', async () => {
  const issuer = await startIssuer();
  try {
    const auth = createAuthentication(
      { AUTH_MODE: 'jwt', AUTH_ISSUER: issuer.url, AUTH_AUDIENCE: AUDIENCE, SERVICE_TOKEN: 'x'.repeat(32) },
      silentLogger(),
    );
    const secured = createApp({ auth });
    const get = async (sub: string, headers: object) =>
      request(secured)
        .get('/tasks')
        .set('Authorization', `Bearer ${await issuer.token({ sub, scope: 'tasks:read' })}`)
        .set({ 'X-Real-IP': '192.0.2.1', ...headers })
        .expect(200);
    await get('ada', {});
    await get('ada', { 'X-Real-IP': '192.0.2.2' });
    await get('ada', { 'X-Shared-Address': '1' });
    await get('ben', {});
    await request(secured).get('/tasks').set('Authorization', 'Bearer x').expect(401);
    const [ada, ben] = [...new Set(charged.map(([client]) => client))];
    expect(charged.map(([client]) => client)).toEqual([ada, ada, ada, ben]);
    expect(ada).toMatch(/^subject:[\w-]{43}$/);
  } finally {
    await issuer.stop();
  }
});
