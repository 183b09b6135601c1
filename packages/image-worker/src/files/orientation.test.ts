import { exif } from '../../../../tests/support/image-files.js';
import { sharp } from '../sharp-setup.js';
import { orientationOf, upright } from './orientation.js';

const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8];

describe('the orientation in EXIF data', () => {
  it.each(ORIENTATIONS)(
    '%i is read, whatever the byte order, and with or without a prefix',
    (orientation) => {
      for (const data of [exif(orientation, 'II'), exif(orientation, 'MM')]) {
        expect(orientationOf(data)).toBe(orientation);
        expect(orientationOf(Buffer.concat([Buffer.from('Exif\0\0'), data]))).toBe(orientation);
      }
    },
  );

  it('is upright when the value makes no sense', () => {
    const whole = exif(6);
    for (let length = 0; length < whole.length; length++) {
      expect([1, 6]).toContain(orientationOf(whole.subarray(0, length)));
    }
    expect(orientationOf(exif(0))).toBe(1);
    expect(orientationOf(exif(9))).toBe(1);
    expect(orientationOf(Buffer.from('II*\0\xff\xff\xff\xff', 'latin1'))).toBe(1);
    expect(orientationOf(Buffer.from('a comment'))).toBe(1);
  });
});

it.each(ORIENTATIONS)(
  'an image of orientation %i is rotated upright like sharp does',
  async (orientation) => {
    const pixels = Buffer.from(Array.from({ length: 3 * 2 * 3 }, (_, index) => 10 * index));
    const lying = await sharp(pixels, { raw: { width: 3, height: 2, channels: 3 } })
      .withMetadata({ orientation })
      .png()
      .toBuffer();
    const raw = { resolveWithObject: true } as const;
    const expected = await sharp(lying).autoOrient().raw().toBuffer(raw);
    const actual = await upright(sharp(lying), orientation).raw().toBuffer(raw);
    expect(actual).toEqual(expected);
  },
);
