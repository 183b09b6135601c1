import request from 'supertest';
import { startGateway, type TestGateway } from '../../../../tests/support/gateway.js';
import { listenOnFreePort } from '../../../../tests/support/listen.js';
import { picture } from '../../../../tests/support/images.js';

let gateway: TestGateway;
let photo: Buffer;
beforeAll(async () => {
  photo = await picture('jpeg');
  gateway = await startGateway({ limits: { uploadBytesPerSecond: 10, uploadBurstBytes: 2_500 } });
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

test('a client may upload so many bytes, and another is not concerned', async () => {
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

test('nobody is refused for it while Redis does not answer', async () => {
  await gateway.redis.link.cut();
  expect(await statusesOf('192.0.2.3', 4)).not.toContain(429);
});

test('counting costs less than a tenth of the throughput', async () => {
  const larger = new Uint8Array(await picture('jpeg', { width: 1_000, height: 700 }));
  const free = await startGateway({ limits: { uploadBytesPerSecond: 0 } });
  const counting = await startGateway({
    limits: { uploadBytesPerSecond: 1024 ** 3, uploadBurstBytes: 1024 ** 3 },
  });
  try {
    const [without, counted] = await Promise.all([
      listenOnFreePort(free.app),
      listenOnFreePort(counting.app),
    ]);
    const uploadTo = async (url: string) => {
      const form = new FormData();
      form.set('file', new Blob([larger]), 'photo.jpg');
      form.set('effects', 'bw');
      const begun = performance.now();
      const response = await fetch(`${url}/upload`, { method: 'POST', body: form });
      await response.arrayBuffer();
      expect(response.status).toBe(201);
      return performance.now() - begun;
    };
    // In turns, so that whatever else the machine does befalls both.
    const [unlimited, limited]: [number[], number[]] = [[], []];
    for (let round = 0; round < 60; round++) {
      unlimited.push(await uploadTo(without.url));
      limited.push(await uploadTo(counted.url));
    }
    const ratio = median(unlimited) / median(limited);
    process.stderr.write(`throughput of uploads with the limit: ${ratio.toFixed(2)} of that without\n`);
    expect(ratio).toBeGreaterThan(0.9);
    await Promise.all([without.close(), counted.close()]);
  } finally {
    await Promise.all([free.stop(), counting.stop()]);
  }
}, 60_000);

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
