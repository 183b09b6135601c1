import { createLifecycle, createLogger, parseConfig } from '@millrace/chassis/process';
import sharp from 'sharp';
import request from 'supertest';
import { createApp } from './app.js';
import { configSchema } from './config.js';

const lifecycle = createLifecycle();
lifecycle.ready();

const worker = ({ sigma = 5, delayMs = 0 } = {}) =>
  createApp({
    pod: 'blur-worker-test',
    logger: createLogger('blur-worker', { LOG_LEVEL: 'silent', POD_NAME: 'test' }),
    lifecycle,
    limits: configSchema.parse({}),
    sigma,
    delayMs,
  });

const process = (app: ReturnType<typeof worker>, image: Buffer) =>
  request(app).post('/process').set('Content-Type', 'image/png').responseType('blob').send(image);

/** Black, with a white right half. */
async function edge(): Promise<Buffer> {
  const white = await sharp({ create: { width: 50, height: 20, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  return sharp({ create: { width: 100, height: 20, channels: 3, background: 'black' } })
    .composite([{ input: white, left: 50, top: 0 }])
    .png()
    .toBuffer();
}

/** How many pixels of a row are neither black nor white. */
async function softness(image: Buffer): Promise<number> {
  const row = await sharp(image)
    .extractChannel(0)
    .extract({ left: 0, top: 10, width: 100, height: 1 })
    .raw()
    .toBuffer();
  return row.filter((value) => value > 2 && value < 253).length;
}

describe('POST /process', () => {
  it('softens an edge, the more the larger sigma is', async () => {
    const image = await edge();
    const [little, much] = await Promise.all([
      process(worker({ sigma: 1 }), image).expect(200),
      process(worker({ sigma: 5 }), image).expect(200),
    ]);
    expect(await softness(image)).toBe(0);
    expect(await softness(little.body)).toBeGreaterThan(0);
    expect(await softness(much.body)).toBeGreaterThan(2 * (await softness(little.body)));
  });

  it('does not let the colour of transparent pixels bleed into the others', async () => {
    const red = await sharp({ create: { width: 20, height: 20, channels: 4, background: 'red' } })
      .png()
      .toBuffer();
    const image = await sharp({ create: { width: 60, height: 60, channels: 4, background: '#00ff0000' } })
      .composite([{ input: red }])
      .png()
      .toBuffer();
    const response = await process(worker(), image).expect(200);
    const pixels = await sharp(response.body).raw().toBuffer();
    for (let at = 0; at < pixels.length; at += 4) expect(pixels[at + 1]).toBeLessThanOrEqual(2);
  });

  it('names the replica', async () => {
    await process(worker(), await edge()).expect('X-Served-By', 'blur-worker-test');
  });
});

describe('the artificial delay', () => {
  it('is added to each image, one after the other', async () => {
    const app = worker({ delayMs: 200 });
    const server = app.listen(0, '127.0.0.1');
    try {
      const image = await edge();
      const begun = performance.now();
      const call = () =>
        request(server).post('/process').set('Content-Type', 'image/png').send(image).expect(200);
      await Promise.all([call(), call(), call()]);
      // A timer may fire up to a millisecond early.
      expect(performance.now() - begun).toBeGreaterThan(597);
    } finally {
      server.close();
    }
  });
});

describe('the configuration', () => {
  it('has defaults', () => {
    expect(parseConfig(configSchema, {})).toMatchObject({
      BLUR_SIGMA: 5,
      BLUR_DELAY_MS: 0,
      IMAGE_MAX_PIXELS: 50_000_000,
      WORK_MAX_BYTES: 209_715_200,
      WORK_CONCURRENCY: 4,
      WORK_QUEUE_LIMIT: 100,
    });
  });

  it.each([
    ['BLUR_SIGMA', '0.2'],
    ['BLUR_SIGMA', '101'],
    ['BLUR_DELAY_MS', '-1'],
    ['WORK_CONCURRENCY', '0'],
    ['IMAGE_MAX_PIXELS', 'many'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => parseConfig(configSchema, { [name]: value })).toThrow(name);
  });
});
