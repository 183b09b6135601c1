import request from 'supertest';
import { startGateway, type TestGateway } from '../../../../tests/support/gateway.js';
import { makeImage } from '../../../../tests/support/images.js';

let gateway: TestGateway;
let photo: Buffer;
beforeAll(async () => {
  photo = await makeImage('jpeg');
  gateway = await startGateway({ uploads: { perSecond: 10, burst: 2_500 } });
});
afterAll(() => gateway.stop());
afterEach(() => gateway.mend());

/** An upload of about a thousand bytes. */
const upload = (client: string) =>
  request(gateway.app)
    .post('/upload')
    .set('X-Real-IP', client)
    .field('note', 'x'.repeat(Math.max(0, 900 - photo.length)))
    .attach('file', photo, 'photo.jpg')
    .field('effects', 'bw');

const statusesOf = async (client: string, count: number) => {
  const statuses: number[] = [];
  for (let number = 0; number < count; number++) statuses.push((await upload(client)).status);
  return statuses;
};

test('a client may upload a limited number of bytes, and other clients are not affected', async () => {
  const statuses = await statusesOf('192.0.2.1', 6);
  expect(statuses.at(-1)).toBe(429);
  const refused = await upload('192.0.2.1');
  expect(refused.type).toBe('application/problem+json');
  expect(Number(refused.get('retry-after'))).toBeGreaterThan(1);
  expect(refused.get('ratelimit-policy')).toBe('"upload";q=2500;w=250;qu="content-bytes"');
  expect(refused.get('ratelimit')).toMatch(/^"upload";r=0;t=\d+$/);
  const other = await upload('192.0.2.2');
  expect(other.status).not.toBe(429);
  expect(other.get('ratelimit')).toMatch(/^"upload";r=\d+;t=\d+$/);
});

test('nobody is refused while Redis does not respond', async () => {
  await gateway.redis.link.cut();
  expect(await statusesOf('192.0.2.3', 4)).not.toContain(429);
});
