import { createAuthentication } from '@millrace/chassis/http';
import { ADMIN_SCOPE } from '@millrace/contracts';
import request from 'supertest';
import { eventually } from '../../../../tests/support/eventually.js';
import { FAULT_ANSWER_MS } from '../../../../tests/support/fault-time.js';
import { startGateway, type TestGateway } from '../../../../tests/support/gateway.js';
import { makeImage } from '../../../../tests/support/images.js';
import { AUDIENCE, startIssuer } from '../../../../tests/support/issuer.js';
import { silentLogger } from '../../../../tests/support/service-basics.js';

let gateway: TestGateway;
let url: string;
let whole: Buffer;
beforeAll(async () => {
  gateway = await startGateway();
  const response = await request(gateway.app)
    .post('/upload')
    .attach('file', await makeImage('png'), 'a.png')
    .field('effects', 'bw')
    .expect(201);
  url = response.body.view_url;
  whole = (await request(gateway.app).get(url).expect(200)).body;
});
afterAll(() => gateway.stop());

const get = (headers: Record<string, string> = {}) => request(gateway.app).get(url).set(headers);

it('is sent with its type and an ETag, and can be cached forever', async () => {
  const response = await get().expect(200);
  expect(response.headers).toMatchObject({
    'content-type': 'image/png',
    'content-length': String(whole.length),
    'cache-control': 'public, max-age=3600, immutable',
    'accept-ranges': 'bytes',
    etag: expect.stringMatching(/^"[\w-]{43}"$/),
    'x-content-type-options': 'nosniff',
    'x-served-by': 'web-gateway-1',
  });
});

it("is kept by no shared cache where people sign in, even if it is nobody's, and by a browser for one person", async () => {
  const issuer = await startIssuer();
  try {
    const auth = createAuthentication(
      { AUTH_MODE: 'jwt', AUTH_ISSUER: issuer.url, AUTH_AUDIENCE: AUDIENCE, SERVICE_TOKEN: 'x'.repeat(32) },
      silentLogger(),
    );
    const token = await issuer.token({ scope: `images:read ${ADMIN_SCOPE}` });
    const response = await request(gateway.createApp({ auth }))
      .get(url)
      .set('Authorization', `Bearer ${token}`)
      .expect(200);
    expect(response.headers).toMatchObject({
      'cache-control': 'private, max-age=3600, immutable',
      vary: 'Authorization',
    });
  } finally {
    await issuer.stop();
  }
});

it('is not sent again to a client that has it', async () => {
  const { etag } = (await get()).headers;
  for (const known of [etag!, `"other", W/${etag}`, '*']) {
    const response = await get({ 'If-None-Match': known }).expect(304);
    expect(response.get('etag')).toBe(etag);
    expect(response.get('content-length')).toBeUndefined();
  }
  await get({ 'If-None-Match': '"other"' }).expect(200);
});

it.each([
  ['bytes=0-9', 0, 9],
  ['bytes=10-', 10, undefined],
  ['bytes=-5', -5, undefined],
  ['bytes=20-999999', 20, undefined],
])('sends the range %s', async (range, start, end) => {
  const response = await get({ Range: range }).expect(206);
  const first = start < 0 ? whole.length + start : start;
  const last = end ?? whole.length - 1;
  expect(response.get('content-range')).toBe(`bytes ${first}-${last}/${whole.length}`);
  expect(response.get('content-length')).toBe(String(last - first + 1));
  expect(response.body).toEqual(whole.subarray(first, last + 1));
});

it('answers 416 to a range beyond its end', async () => {
  const response = await get({ Range: `bytes=${whole.length}-` }).expect(416);
  expect(response.get('content-range')).toBe(`bytes */${whole.length}`);
  expect(response.type).toBe('application/problem+json');
  expect(response.get('cache-control')).toBe('no-store');
});

it.each(['bytes=0-1,5-6', 'lines=1-2', 'bytes=x', 'nonsense'])(
  'is sent whole for the range %s',
  async (range) => {
    expect((await get({ Range: range }).expect(200)).body).toEqual(whole);
  },
);

it('sends a range only if If-Range matches', async () => {
  const { etag } = (await get()).headers;
  await get({ Range: 'bytes=0-9', 'If-Range': etag! }).expect(206);
  await get({ Range: 'bytes=0-9', 'If-Range': '"other"' }).expect(200);
});

it('answers HEAD with the same headers and no body', async () => {
  const response = await request(gateway.app).head(url).expect(200);
  expect(response.headers).toMatchObject({
    'content-type': 'image/png',
    'content-length': String(whole.length),
    etag: (await get()).get('etag'),
  });
});

it('treats an id in capitals as the same id', async () => {
  const [, folder, id] = url.split('/');
  const response = await request(gateway.app).get(`/${folder}/${id!.toUpperCase()}`).expect(200);
  expect(response.body).toEqual(whole);
});

it('answers 404 to an unknown id, 400 to an invalid one, 405 to other methods', async () => {
  const unknown = await request(gateway.app).get('/image/00000000-0000-4000-8000-000000000000').expect(404);
  expect(unknown.get('cache-control')).toBe('no-store');
  await request(gateway.app).get('/image/7').expect(400);
  expect((await request(gateway.app).delete(url).expect(405)).get('allow')).toBe('GET, HEAD, OPTIONS');
});

it('is deleted after its time to live', async () => {
  const { redis } = gateway.redis;
  const key = `image:${url.split('/').at(-1)}`;
  const ttl = await redis.ttl(key);
  expect(ttl).toBeGreaterThan(3_500);
  expect(ttl).toBeLessThanOrEqual(3_600);

  await redis.copy(key, 'a copy');
  await redis.pexpire(key, 0);
  await get().expect(404);
  await redis.rename('a copy', key);
});

it('answers 503 within 5 s while Redis is down or hangs, and recovers afterwards', async () => {
  for (const damage of [gateway.redis.link.cut, gateway.redis.link.freeze]) {
    await damage();
    const begun = performance.now();
    const response = await get().expect(503);
    expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
    expect(response.get('retry-after')).toBe('1');
    await gateway.mend();
    await eventually(() => get().expect(200));
  }
});
