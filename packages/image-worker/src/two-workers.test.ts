import { createLifecycle, createLogger } from '@millrace/chassis/process';
import { INTERCHANGE_TYPE } from '@millrace/contracts';
import type { Express } from 'express';
import type { Sharp } from 'sharp';
import request from 'supertest';
// The promise is about the real effects.

import { findFormat } from './formats.js';
import { imageWorkerConfig } from './index.js';
import { sharp } from './sharp-setup.js';
import { createBlurWorker, createBwWorker } from '../../../tests/support/workers.js';

const SIGMA = 3;

const lifecycle = createLifecycle();
lifecycle.ready();

const shared = {
  pod: 'test',
  logger: createLogger('image-worker', { LOG_LEVEL: 'silent', POD_NAME: 'test' }),
  lifecycle,
  limits: imageWorkerConfig.parse({}),
};
const apps = { bw: createBwWorker(shared), blur: createBlurWorker({ ...shared, sigma: SIGMA, delayMs: 0 }) };

type EffectName = keyof typeof apps;

async function hop(app: Express, body: Buffer, type: string, accept: string): Promise<Buffer> {
  const call = request(app)
    .post('/process')
    .set('Content-Type', type)
    .set('Accept', accept)
    .responseType('blob');
  const response = await call.send(body).expect(200);
  return response.body as Buffer;
}

async function throughWorkers(upload: Buffer, type: string, [first, second]: EffectName[]): Promise<Buffer> {
  const between = await hop(apps[first!], upload, type, INTERCHANGE_TYPE);
  return hop(apps[second!], between, INTERCHANGE_TYPE, type);
}

/** The same without any worker: decoded once, both effects on the pixels, encoded once. */
async function throughOneProcess(upload: Buffer, type: string, effects: EffectName[]): Promise<Buffer> {
  const { space } = await sharp(upload).metadata();
  const grey = space === 'b-w' || space === 'grey16';
  let image = await done(
    sharp(upload)
      .autoOrient()
      .toColourspace(grey ? 'b-w' : 'srgb'),
  );
  for (const effect of effects) {
    image = await done(effect === 'bw' ? image.greyscale().toColourspace('b-w') : image.blur(SIGMA));
  }
  return Buffer.concat(await findFormat(type)!.encode(image, false));
}

/** The image with the effects applied so far; as PNG, which is lossless too and not what workers use. */
async function done(image: Sharp): Promise<Sharp> {
  const png = await image.png({ compressionLevel: 1 }).toBuffer();
  const { space } = await sharp(png).metadata();
  return space === 'b-w' ? sharp(png).toColourspace('b-w') : sharp(png);
}

/** Similar to a photo, 150 × 100: gradients under noise. */
function photo(channels: 3 | 4 = 3): Sharp {
  const data = Buffer.alloc(150 * 100 * channels);
  for (let index = 0; index < data.length; index++) data[index] = (index >> 5) + ((index * 7919) % 61);
  return sharp(data, { raw: { width: 150, height: 100, channels } });
}

/** The same with 16 bits, where the lower eight are not empty. */
function deepPhoto(): Sharp {
  const data = Uint16Array.from({ length: 150 * 100 * 3 }, (_, index) => (index * 104_729) % 65_521);
  return sharp(data, { raw: { width: 150, height: 100, channels: 3 } });
}

const uploads: [string, string, () => Sharp][] = [
  ['JPEG', 'image/jpeg', () => photo().jpeg()],
  ['PNG with alpha', 'image/png', () => photo(4).png()],
  ['grey PNG with alpha', 'image/png', () => photo(4).toColourspace('b-w').png()],
  ['WebP', 'image/webp', () => photo().webp()],
  ['WebP with alpha', 'image/webp', () => photo(4).webp()],
  ['greyscale JPEG', 'image/jpeg', () => photo().toColourspace('b-w').jpeg()],
  ['EXIF-rotated JPEG', 'image/jpeg', () => photo().withMetadata({ orientation: 6 }).jpeg()],
  ['EXIF-mirrored JPEG', 'image/jpeg', () => photo().withMetadata({ orientation: 5 }).jpeg()],
  ['16-bit PNG', 'image/png', () => deepPhoto().toColourspace('rgb16').png()],
  ['16-bit greyscale PNG', 'image/png', () => deepPhoto().toColourspace('grey16').png()],
  ['CMYK JPEG', 'image/jpeg', () => photo().toColourspace('cmyk').jpeg()],
  [
    'CMYK JPEG with a profile',
    'image/jpeg',
    () => photo().withIccProfile('cmyk').toColourspace('cmyk').jpeg(),
  ],
  ['Display P3 JPEG', 'image/jpeg', () => photo().withIccProfile('p3').jpeg()],
  ['16-bit PNG with alpha', 'image/png', () => photo(4).toColourspace('rgb16').png()],
  ['palette PNG', 'image/png', () => photo().png({ palette: true, colours: 16 })],
  ['palette PNG with alpha', 'image/png', () => photo(4).png({ palette: true, colours: 16 })],
];

describe.each([[['bw', 'blur']], [['blur', 'bw']]] as [EffectName[]][])('%j over two workers', (effects) => {
  it.each(uploads)('gives the same result as one process, pixel for pixel: %s', async (_name, type, make) => {
    const upload = await make().toBuffer();
    const [ours, theirs] = await Promise.all([
      throughWorkers(upload, type, effects),
      throughOneProcess(upload, type, effects),
    ]);
    const pixels = (image: Buffer) => sharp(image).raw().toBuffer({ resolveWithObject: true });
    const [actual, expected] = [await pixels(ours), await pixels(theirs)];
    expect(actual.info).toEqual(expected.info);
    expect(Buffer.compare(actual.data, expected.data)).toBe(0);
  });

  it('keeps one channel between the workers when there is no colour and no alpha', async () => {
    const grey = await photo().toColourspace('b-w').jpeg().toBuffer();
    const between = await hop(apps[effects[0]!], grey, 'image/jpeg', INTERCHANGE_TYPE);
    expect(between.toString('latin1', 0, 100)).toContain('DEPTH 1\n');
  });

  it('keeps alpha', async () => {
    for (const make of [() => photo(4), () => photo(4).toColourspace('b-w')]) {
      const image = await throughWorkers(await make().png().toBuffer(), 'image/png', effects);
      expect(await sharp(image).metadata()).toMatchObject({ channels: 2, space: 'b-w', hasAlpha: true });
    }
  });
});
