import { availableParallelism } from 'node:os';
import { sharp } from './sharp-setup.js';

const square = () => sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } });

describe('sharp', () => {
  it.each([
    ['GIF', () => square().gif().toBuffer()],
    ['TIFF', () => square().tiff().toBuffer()],
    ['SVG', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
  ])('does not read a %s', async (_format, make) => {
    await expect(sharp(await make()).metadata()).rejects.toThrow('unsupported image format');
  });

  it('reads the supported types', async () => {
    for (const image of [square().jpeg(), square().png(), square().webp()]) {
      expect((await sharp(await image.toBuffer()).metadata()).width).toBe(4);
    }
  });

  it('gives an image every CPU', () => {
    expect(sharp.concurrency()).toBe(availableParallelism());
  });
});
