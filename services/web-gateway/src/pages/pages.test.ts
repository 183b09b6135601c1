import request from 'supertest';
import { startGateway, type TestGateway } from '../../../../tests/support/gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

const get = (path: string) => request(gateway.app).get(path);

it.each(['/', '/ui/tasks', '/docs'])(
  'sends %s with a policy that allows only our own scripts',
  async (path) => {
    const { headers, text } = await get(path).expect(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self';/);
    expect(text).toMatch(/<script [^>]*src="\/ui\/assets\//);
  },
);

it('sends the scripts of a page, to be cached forever', async () => {
  const { text } = await get('/').expect(200);
  const [, script] = /src="(\/ui\/assets\/[^"]+\.js)"/.exec(text)!;
  const { headers } = await get(script!).expect(200);
  expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
  expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
});

it.each(['/ui/nothing', '/ui/assets/nothing.js'])('has no %s', async (path) => {
  const { body } = await get(path).expect(404);
  expect(body).toMatchObject({ status: 404 });
});

it('sends nothing outside its folder', async () => {
  await get('/ui/assets/..%2findex.html').expect(403);
});

it.each(['/', '/openapi.json'])('sends %s only once to clients that cache it', async (path) => {
  const { headers } = await get(path).expect(200);
  await get(path).set('If-None-Match', headers['etag']!).expect(304);
});
