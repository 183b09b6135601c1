import { createLifecycle, createLogger } from '@millrace/chassis/process';
import sharp from 'sharp';
import request from 'supertest';
import { createApp } from './app.js';
import { configSchema } from './config.js';

const lifecycle = createLifecycle();
lifecycle.ready();

const app = createApp({
  pod: 'bw-worker-test',
  logger: createLogger('bw-worker', { LOG_LEVEL: 'silent', POD_NAME: 'test' }),
  lifecycle,
  limits: configSchema.parse({}),
});

const process = async (type: string, image: Buffer): Promise<Buffer> => {
  const call = request(app).post('/process').set('Content-Type', type).responseType('blob');
  const response = await call.send(image).expect(200).expect('X-Served-By', 'bw-worker-test');
  return response.body as Buffer;
};

const square = (background: string) => sharp({ create: { width: 20, height: 20, channels: 4, background } });

describe('POST /process', () => {
  it('returns a single grey channel', async () => {
    const image = await process('image/jpeg', await square('red').removeAlpha().jpeg().toBuffer());
    expect(await sharp(image).metadata()).toMatchObject({ channels: 1, space: 'b-w', width: 20, height: 20 });
  });

  it('follows luminance: green is lighter than red, red lighter than blue', async () => {
    const brightness = async (colour: string) => {
      const image = await process('image/png', await square(colour).removeAlpha().png().toBuffer());
      return (await sharp(image).raw().toBuffer())[0]!;
    };
    const [red, green, blue] = await Promise.all([
      brightness('#f00'),
      brightness('#0f0'),
      brightness('#00f'),
    ]);
    expect(green).toBeGreaterThan(red);
    expect(red).toBeGreaterThan(blue);
  });

  it('keeps alpha', async () => {
    const image = await process('image/png', await square('#ff000080').png().toBuffer());
    expect(await sharp(image).metadata()).toMatchObject({ channels: 2, hasAlpha: true });
    expect((await sharp(image).raw().toBuffer()).at(-1)).toBe(128);
  });
});
