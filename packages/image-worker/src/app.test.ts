import { createLifecycle } from '@millrace/chassis/process';
import { IMAGE_FRAMES, INTERCHANGE_TYPE, type Problem } from '@millrace/contracts';
import type { Channels } from 'sharp';
import request from 'supertest';
import { recordingLogger } from '../../../tests/support/service-basics.js';
import { createImageWorkerApp, type ImageOperation, imageWorkerConfig } from './index.js';
import { sharp } from './sharp-setup.js';

const unchanged: ImageOperation = (image) => image;

const lifecycle = createLifecycle();
lifecycle.ready();
const { logger, lines } = recordingLogger();

const app = createImageWorkerApp({
  service: 'image-worker',
  pod: 'image-worker-test',
  logger,
  lifecycle,
  limits: { ...imageWorkerConfig.parse({}), WORK_MAX_BYTES: 1_000_000 },
  operation: unchanged,
});

/** Similar to a photo: gradients under noise, the same each time. */
function makeImage(width: number, height: number, channels: Channels) {
  const data = Buffer.alloc(width * height * channels);
  for (let index = 0; index < data.length; index++) data[index] = (index >> 4) + ((index * 7919) % 31);
  return sharp(data, { raw: { width, height, channels } });
}

const process = (type: string, body: Buffer | string, accept = '') => {
  const call = request(app).post('/process').set('Content-Type', type).responseType('blob');
  return (accept ? call.set('Accept', accept) : call).send(body);
};

const problemOf = (response: request.Response) => JSON.parse((response.body as Buffer).toString()) as Problem;

let jpeg: Buffer;
let png: Buffer;
let webp: Buffer;

beforeAll(async () => {
  jpeg = await makeImage(120, 80, 3).jpeg().toBuffer();
  png = await makeImage(120, 80, 4).png().toBuffer();
  webp = await makeImage(120, 80, 3).webp().toBuffer();
});

describe('POST /process, the types', () => {
  it('returns the type of the image unless asked for another one', async () => {
    for (const [type, body] of [
      ['image/jpeg', jpeg],
      ['image/png', png],
      ['image/webp', webp],
    ] as const) {
      for (const accept of ['', '*/*', type]) {
        const response = await process(type, body, accept).expect(200).expect('Content-Type', type);
        expect(await sharp(response.body).metadata()).toMatchObject({
          format: type.slice(6),
          width: 120,
          height: 80,
        });
      }
    }
  });

  it('does not mention frames when there is only one', async () => {
    expect((await process('image/webp', webp).expect(200)).get(IMAGE_FRAMES)).toBeUndefined();
  });

  it.each([
    'image/jpg',
    'image/pjpeg',
    'image/x-png',
    'image/png',
    'IMAGE/GIF; name=photo',
    'application/octet-stream',
    'binary/octet-stream',
  ])('accepts a JPEG whose type is given as %s, and returns a JPEG', async (type) => {
    await process(type, jpeg).expect(200).expect('Content-Type', 'image/jpeg');
  });

  it('accepts an image without a Content-Type', async () => {
    await process('', webp).unset('Content-Type').expect(200).expect('Content-Type', 'image/webp');
  });

  it('names the replica', async () => {
    await process('image/jpeg', jpeg).expect('X-Served-By', 'image-worker-test');
  });

  it.each(['image/jpeg', 'image/png', 'image/webp'])('turns a JPEG into %s', async (type) => {
    const response = await process('image/jpeg; name=x', jpeg, type).expect(200).expect('Content-Type', type);
    expect((await sharp(response.body).metadata()).format).toBe(type.slice(6));
  });

  it('returns the raw pixels as the interchange type, and accepts them', async () => {
    const pam = await process('image/png', png, INTERCHANGE_TYPE)
      .expect(200)
      .expect('Content-Type', INTERCHANGE_TYPE);
    const pixels = pam.body as Buffer;
    expect(pixels.toString('latin1', 0, 3)).toBe('P7\n');
    const back = await process(INTERCHANGE_TYPE, pixels, 'image/png').expect(200);
    expect(await sharp(back.body).raw().toBuffer()).toEqual(await sharp(png).raw().toBuffer());
  });

  it('fills transparent areas with white in a JPEG', async () => {
    const clear = await sharp({ create: { width: 8, height: 8, channels: 4, background: '#0000' } })
      .png()
      .toBuffer();
    const response = await process('image/png', clear, 'image/jpeg').expect(200);
    expect([...(await sharp(response.body).raw().toBuffer()).subarray(0, 3)]).toEqual([255, 255, 255]);
  });

  it('uses the first frame of an animation, and says how many there are', async () => {
    const other = await sharp(jpeg).negate().toBuffer();
    const frames = await sharp([jpeg, other], { join: { animated: true } })
      .webp()
      .toBuffer();
    expect((await sharp(frames).metadata()).pages).toBe(2);
    const response = await process('image/webp', frames).expect(200).expect(IMAGE_FRAMES, '2');
    expect(await sharp(response.body).metadata()).toMatchObject({ width: 120, height: 80 });
    expect((await sharp(response.body).metadata()).pages ?? 1).toBe(1);
  });

  it('rotates the image upright and drops all metadata', async () => {
    const lying = await sharp(jpeg)
      .withMetadata({ orientation: 6 })
      .withExifMerge({ IFD0: { Artist: 'somebody' } })
      .toBuffer();
    const response = await process('image/jpeg', lying).expect(200);
    const { width, height, orientation, exif, icc } = await sharp(response.body).metadata();
    expect({ width, height, orientation, exif, icc }).toEqual({ width: 80, height: 120 });
  });

  it.each([
    ['one pixel', 1, 1],
    ['one row', 300, 1],
  ])('accepts an image of %s', async (_case, width, height) => {
    await process('image/png', await makeImage(width, height, 3).png().toBuffer()).expect(200);
  });
});

describe('POST /process, the refusals', () => {
  const cut = (image: Buffer) => image.subarray(0, Math.floor(image.length / 2));
  const flipped = (image: Buffer) => {
    const copy = Buffer.from(image);
    for (let at = Math.floor(image.length / 2); at < image.length - 20; at += 7) copy[at]! ^= 0x5a;
    return copy;
  };

  it.each(['application/json', 'text/plain', 'multipart/form-data', 'video/mp4'])(
    'answers 415 to %s and lists the supported types',
    async (type) => {
      const response = await process(type, jpeg).expect(415);
      expect(response.get('accept-post')).toContain('image/jpeg, image/png, image/webp');
    },
  );

  it.each([
    ['a text', 'Hello, how are you?', 'no image that can be read'],
    ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'image/svg+xml'],
    ['a GIF', 'GIF89a\u0001\u0000\u0001\u0000', 'image/gif'],
    ['a TIFF', 'II*\u0000\u0008\u0000\u0000\u0000', 'image/tiff'],
    ['a photo of a telephone', '\u0000\u0000\u0000\u0018ftypheic', 'image/heic'],
  ])('answers 415 to %s and names its type', async (_case, body, fact) => {
    for (const type of ['image/jpeg', 'application/octet-stream']) {
      const response = await process(type, body).expect(415);
      expect(problemOf(response).detail).toContain(`The body is ${fact}. Send one of: image/jpeg, image/png`);
    }
  });

  it.each(['image/*', 'image/gif', 'image/jpeg, image/png', 'application/json'])(
    'answers 406 to Accept: %s',
    async (accept) => {
      await process('image/jpeg', jpeg, accept).expect(406);
    },
  );

  it.each([
    ['a JPEG cut in half', 'image/jpeg', () => cut(jpeg)],
    ['a JPEG with damaged data', 'image/jpeg', () => flipped(jpeg)],
    ['a JPEG of a header only', 'image/jpeg', () => jpeg.subarray(0, 20)],
    ['a PNG cut in half', 'image/png', () => cut(png)],
    ['a PNG with damaged data', 'image/png', () => flipped(png)],
    ['a WebP cut in half', 'image/webp', () => cut(webp)],
    [
      'pixels of another size than said',
      INTERCHANGE_TYPE,
      () => Buffer.from('P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nENDHDR\n'),
    ],
  ])('answers 422 to %s, without the decoder’s words', async (_case, type, body) => {
    const response = await process(type, body()).expect(422);
    expect(problemOf(response).detail).toBe('The image cannot be read: it is damaged or truncated.');
  });

  it("logs the decoder's complaint about a damaged image, but not as our error", async () => {
    lines.length = 0;
    await process('image/jpeg', cut(jpeg)).expect(422);
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 30,
        msg: 'image refused',
        reason: expect.stringMatching(/^VipsJpeg: /),
      }),
    );
    expect(lines.filter((line) => 'err' in line || Number(line['level']) >= 50)).toEqual([]);
  });

  it('answers 422 to an image too large for the requested type', async () => {
    const long = await sharp({ create: { width: 17_000, height: 1, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const response = await process('image/png', long, 'image/webp').expect(422);
    expect(problemOf(response).detail).toContain('at most 16383 pixels per side');
  });

  it('answers 400 to an empty body', async () => {
    await process('image/jpeg', '').expect(400);
    await request(app).post('/process').set('Content-Type', 'image/jpeg').expect(400);
  });

  it('answers 413 to a body over the limit', async () => {
    const response = await process('image/jpeg', Buffer.alloc(1_000_001)).expect(413);
    expect(problemOf(response).detail).toBe('The body is larger than 1000000 bytes.');
  });

  it('answers 405 to GET', async () => {
    await request(app).get('/process').expect(405).expect('Allow', /POST/);
  });

  it('refuses a small file of 144 megapixels by its header, in a fraction of the time that processing it would take', async () => {
    const raw = { width: 12_000, height: 12_000, channels: 1 } as const;
    const bomb = await sharp(Buffer.alloc(144_000_000), { raw }).toColourspace('b-w').png().toBuffer();
    expect(bomb.length).toBeLessThan(500_000);

    // A busy machine may hold up each, so the quickest counts.
    const times: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      const begun = performance.now();
      const response = await process('image/png', bomb).expect(422);
      times.push(performance.now() - begun);
      expect(problemOf(response).detail).toBe(
        'The image has 144000000 pixels. At most 50000000 are possible.',
      );
    }

    const workBegun = performance.now();
    await sharp(bomb).jpeg().toBuffer();
    expect(Math.min(...times)).toBeLessThan((performance.now() - workBegun) / 5);
  });
});
