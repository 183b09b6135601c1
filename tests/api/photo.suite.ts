import { type Effect, uploadResponseSchema } from '@millrace/contracts';
import sharp, { type Sharp } from 'sharp';
import { send, upload } from './client.js';
import { decode, largestDifference, paint } from './images.js';

/** The default sigma of blur-worker's Gaussian. */
const SIGMA = 5;
/** The difference between two JPEG encoders, or two builds of one. */
const JPEG_ROUNDING = 3;

const apply: Record<Effect, (image: Sharp) => Sharp> = {
  bw: (image) => image.greyscale().toColourspace('b-w'),
  blur: (image) => image.blur(SIGMA),
};

/** What a single process would make of the photo: decoded once, all effects in order, not yet encoded. */
async function inOneProcess(photo: Buffer, effects: Effect[]): Promise<Sharp> {
  let image = sharp(photo).autoOrient();
  for (const effect of effects) {
    const { data, info } = await apply[effect](image).raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    image = sharp(data, { raw: { width, height, channels } });
  }
  return image.toColourspace('b-w');
}

async function throughTheStack(photo: Buffer, effects: Effect[]): Promise<Buffer> {
  const reply = await upload({ file: photo, effects: effects.join(',') });
  expect(reply.status).toBe(201);
  const image = await send(reply.as(uploadResponseSchema).view_url);
  expect(image.status).toBe(200);
  return image.body;
}

describe('a photo', () => {
  test('of 12 megapixels, taken with the camera upright, comes back upright and gray, as from one process', async () => {
    // Orientation 6: to be rotated by 90° clockwise for viewing. With the grain of a dark evening: several MB.
    const photo = await paint({ width: 4032, height: 3024, grain: 40 })
      .jpeg({ quality: 90 })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    expect(photo.length).toBeGreaterThan(4_000_000);

    const result = await throughTheStack(photo, ['bw', 'blur']);

    const metadata = await sharp(result).metadata();
    expect(metadata).toMatchObject({ format: 'jpeg', width: 3024, height: 4032, space: 'b-w', channels: 1 });
    expect([undefined, 1]).toContain(metadata.orientation);

    const reference = await (await inOneProcess(photo, ['bw', 'blur'])).jpeg({ quality: 88 }).toBuffer();
    expect(largestDifference(await decode(result), await decode(reference))).toBeLessThanOrEqual(
      JPEG_ROUNDING,
    );
  });

  test.each<Effect[][]>([[['bw', 'blur']], [['blur', 'bw']]])(
    'as a PNG is the same as from one process, pixel for pixel: %j',
    async (effects) => {
      const photo = await paint({ width: 1600, height: 1200 }).png().toBuffer();
      const result = await decode(await throughTheStack(photo, effects));
      const reference = await decode(await (await inOneProcess(photo, effects)).png().toBuffer());
      expect(largestDifference(result, reference)).toBe(0);
    },
  );

  test('that is an animation becomes a still image, and the response says so', async () => {
    const [first, second] = await Promise.all([paint().png().toBuffer(), paint().negate().png().toBuffer()]);
    const animation = await sharp([first, second], { join: { animated: true } })
      .webp({ lossless: true })
      .toBuffer();
    const reply = await upload({ file: animation, effects: 'bw' });
    const { frames, view_url } = reply.as(uploadResponseSchema);
    expect(frames).toEqual({ in: 2, used: 1 });
    const { body } = await send(view_url);
    expect((await sharp(body).metadata()).pages ?? 1).toBe(1);
  });

  test('whose end marker is missing is still complete', async () => {
    const photo = await paint().jpeg().toBuffer();
    const [whole, sloppy] = [photo, photo.subarray(0, -2)].map((file) =>
      throughTheStack(file, ['bw', 'blur']),
    );
    expect(await sloppy).toEqual(await whole);
  });
});
