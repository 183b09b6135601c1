import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  exif,
  pixelsOf,
  pngChunk,
  pngFile,
  webpAnimation,
  webpChunk,
  webpExtended,
  webpFile,
  webpFrame,
} from '../../../tests/support/image-files.js';
import { findFormat } from './formats.js';
import { applyOperation } from './pipeline.js';
import { sharp } from './sharp-setup.js';
import { readSource } from './source-image.js';

type Type = 'image/jpeg' | 'image/png' | 'image/webp';

const [WIDTH, HEIGHT] = [64, 48];
const EOI = Buffer.from([0xff, 0xd9]);

/** Similar to a photo: gradients under noise, the same each time. */
function photo(channels: 3 | 4 = 3) {
  const data = Buffer.alloc(WIDTH * HEIGHT * channels);
  for (let index = 0; index < data.length; index++) data[index] = (index >> 4) + ((index * 7919) % 31);
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } });
}

/** The pixels, as a worker without an effect returns them. */
async function pixelsThroughWorker(type: Type, file: Buffer): Promise<Buffer> {
  const source = await readSource(file, findFormat(type)!);
  const png = await applyOperation(source, (image) => image, findFormat('image/png')!);
  return pixels(Buffer.concat(png));
}

function pixels(file: Buffer): Promise<Buffer> {
  return sharp(file, { failOn: 'none' }).raw().toBuffer();
}

/** The lengths at which the truncated file is accepted. No pixels may be missing then. */
async function cutsTaken(type: Type, file: Buffer, end = Buffer.alloc(0)): Promise<number[]> {
  const whole = await pixels(file);
  // The last byte of a JPEG before its end may hold some bits of one coefficient, and padding.
  const almost = type === 'image/jpeg' ? file.length - EOI.length - 1 : Infinity;
  const taken: number[] = [];
  for (let length = 12; length < Math.min(file.length - end.length, almost); length++) {
    const cut = Buffer.concat([file.subarray(0, length), end]);
    await pixelsThroughWorker(type, cut).then(
      (result) => {
        expect(result.equals(whole)).toBe(true);
        taken.push(length);
      },
      (error: unknown) => expect(error).toMatchObject({ status: 422 }),
    );
  }
  return taken;
}

function replaced(file: Buffer, marker: number[], offset: number, bytes: number[]): Buffer {
  const copy = Buffer.from(file);
  copy.set(bytes, copy.lastIndexOf(Buffer.from(marker)) + offset);
  return copy;
}

function inserted(file: Buffer, marker: number[], bytes: Buffer): Buffer {
  const at = file.indexOf(Buffer.from(marker));
  return Buffer.concat([file.subarray(0, at), bytes, file.subarray(at)]);
}

const sos = [0xff, 0xda];

describe('an image that every viewer shows is accepted, and every pixel is right', () => {
  let jpeg: Buffer;
  let progressive: Buffer;
  let expected: Buffer;
  beforeAll(async () => {
    jpeg = await photo().jpeg().toBuffer();
    progressive = await photo().jpeg({ progressive: true }).toBuffer();
    expected = await pixels(jpeg);
  });

  it.each<[string, () => Buffer]>([
    ['without its end', () => jpeg.subarray(0, -2)],
    ['without the last byte of it', () => jpeg.subarray(0, -1)],
    ['with something behind its end', () => Buffer.concat([jpeg, Buffer.from('SEFT'), Buffer.alloc(999)])],
    ['with parameters of its scan that are all 0', () => replaced(jpeg, sos, 11, [0, 0, 0])],
    [
      'with fill bytes before a marker',
      () => Buffer.concat([jpeg.subarray(0, 2), Buffer.alloc(9, 255), jpeg.subarray(2)]),
    ],
    ['with bytes between two segments', () => inserted(jpeg, [0xff, 0xc0], Buffer.alloc(9))],
    [
      'with bytes between its pixels and its end',
      () => Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(9), EOI]),
    ],
  ])('a JPEG %s', async (_case, make) => {
    expect(await pixelsThroughWorker('image/jpeg', make())).toEqual(expected);
  });

  it('a JPEG with extra bytes before a restart marker, but not one that is cut off', async () => {
    const file = readFileSync(path.join(__dirname, 'test-images/extra-bytes-before-restart.jpg'));
    expect(await pixelsThroughWorker('image/jpeg', file)).toEqual(await pixels(file));
    expect(await cutsTaken('image/jpeg', file)).toEqual([]);
    expect(await cutsTaken('image/jpeg', file, EOI)).toEqual([]);
  });

  it('a progressive JPEG without its end', async () => {
    const file = progressive.subarray(0, -2);
    expect(await pixelsThroughWorker('image/jpeg', file)).toEqual(await pixels(progressive));
  });

  it('a PNG without its end, or with something after it', async () => {
    const png = await photo().png().toBuffer();
    for (const file of [png.subarray(0, -12), png.subarray(0, -5), Buffer.concat([png, Buffer.alloc(999)])]) {
      expect(await pixelsThroughWorker('image/png', file)).toEqual(await pixels(png));
    }
  });

  it.each([-2, 2, 100, 1_000_000])('a WebP that claims to be longer by %i bytes', async (more) => {
    for (const options of [{ lossless: true }, {}]) {
      const webp = await photo(4).webp(options).toBuffer();
      const wrong = Buffer.from(webp);
      wrong.writeUInt32LE(webp.length - 8 + more, 4);
      expect(await pixelsThroughWorker('image/webp', wrong)).toEqual(await pixels(webp));
    }
  });

  it('a WebP whose EXIF data are cut off', async () => {
    const webp = await photo().webp().toBuffer();
    const file = webpFile([webpExtended(0x08, WIDTH, HEIGHT), pixelsOf(webp), webpChunk('EXIF', exif(1))]);
    expect(await pixelsThroughWorker('image/webp', file.subarray(0, -9))).toEqual(await pixels(webp));
  });

  it('an image in any encoding', async () => {
    const png = pngFile({ width: 9, height: 5, depth: 16, colour: 6, interlaced: true });
    expect(await pixelsThroughWorker('image/png', png)).toEqual(Buffer.alloc(9 * 5 * 4));
    const palette = await photo(4).png({ palette: true, colours: 16 }).toBuffer();
    expect(await pixelsThroughWorker('image/png', palette)).toEqual(await pixels(palette));
    const transparent = pngFile({ before: [pngChunk('tRNS', Buffer.alloc(6))] });
    expect(await pixelsThroughWorker('image/png', transparent)).toEqual(Buffer.alloc(8 * 8 * 4));
  });
});

describe('a truncated image is refused', () => {
  it.each<[string, Type, () => Promise<Buffer>]>([
    ['JPEG', 'image/jpeg', () => photo().jpeg().toBuffer()],
    ['JPEG of whole colours', 'image/jpeg', () => photo().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer()],
    ['grey JPEG', 'image/jpeg', () => photo().toColourspace('b-w').jpeg().toBuffer()],
    ['JPEG of one colour', 'image/jpeg', () => photo().linear(0, 99).jpeg().toBuffer()],
    ['progressive JPEG', 'image/jpeg', () => photo().jpeg({ progressive: true }).toBuffer()],
    ['JPEG of mozjpeg', 'image/jpeg', () => photo().jpeg({ mozjpeg: true }).toBuffer()],
    ['WebP', 'image/webp', () => photo().webp().toBuffer()],
    ['WebP with alpha', 'image/webp', () => photo(4).webp().toBuffer()],
  ])(
    '%s',
    async (_name, type, make) => {
      expect(await cutsTaken(type, await make())).toEqual([]);
    },
    60_000,
  );

  it.each<[string, Type, () => Promise<Buffer>, number]>([
    ['PNG, up to its last chunk', 'image/png', () => photo().png().toBuffer(), 12],
    [
      'interlaced PNG, up to its last chunk',
      'image/png',
      () => photo().png({ progressive: true }).toBuffer(),
      12,
    ],
    ['lossless WebP, up to its padding', 'image/webp', () => photo().webp({ lossless: true }).toBuffer(), 1],
  ])('%s', async (_name, type, make, end) => {
    const file = await make();
    for (const length of await cutsTaken(type, file))
      expect(length).toBeGreaterThanOrEqual(file.length - end);
  });

  it.each(['4:2:0', '4:4:4'])('a JPEG whose remains got an end marker, %s', async (chromaSubsampling) => {
    expect(await cutsTaken('image/jpeg', await photo().jpeg({ chromaSubsampling }).toBuffer(), EOI)).toEqual(
      [],
    );
  });

  it('a progressive JPEG, cut off between two of its scans', async () => {
    const file = await photo().jpeg({ progressive: true }).toBuffer();
    const scans = [...file.toString('latin1').matchAll(/\xff\xda/g)].map(({ index }) => index);
    expect(scans.length).toBeGreaterThan(5);
    for (const scan of scans) {
      await expect(pixelsThroughWorker('image/jpeg', file.subarray(0, scan))).rejects.toMatchObject({
        status: 422,
      });
    }
  });

  it('the words of the decoder are the cause, and not the message', async () => {
    const file = (await photo().jpeg().toBuffer()).subarray(0, 800);
    await expect(pixelsThroughWorker('image/jpeg', file)).rejects.toMatchObject({
      message: 'The image cannot be read: it is damaged or truncated.',
      cause: expect.objectContaining({ message: expect.stringContaining('premature end of JPEG') }),
    });
  });
});

describe('headers without an image are refused', () => {
  it.each<[string, Type, () => Buffer]>([
    ['PNG of no width', 'image/png', () => pngFile({ width: 0 })],
    ['PNG of no height', 'image/png', () => pngFile({ height: 0 })],
    ['PNG with two headers', 'image/png', () => pngFile({ before: [pngFile().subarray(8, 33)] })],
    ['PNG of a header alone', 'image/png', () => pngFile().subarray(0, 33)],
    ['JPEG of its first bytes', 'image/jpeg', () => Buffer.from('ffd8ffe00010', 'hex')],
    [
      'JPEG of a marker and zeros',
      'image/jpeg',
      () => Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(99_999)]),
    ],
    ['WebP without a chunk', 'image/webp', () => webpFile([])],
    ['WebP without pixels', 'image/webp', () => webpFile([webpExtended(0, 9, 9)])],
    [
      'WebP of an animation without frames',
      'image/webp',
      () => webpFile([webpExtended(2, 9, 9), webpAnimation]),
    ],
  ])('%s', async (_name, type, make) => {
    await expect(pixelsThroughWorker(type, make())).rejects.toMatchObject({ status: 422 });
  });
});

describe('the orientation', () => {
  it.each<[string, Type, () => Promise<Buffer>]>([
    ['of a PNG before its pixels', 'image/png', () => withExif('before')],
    ['of a PNG behind its pixels', 'image/png', () => withExif('after')],
    ['of a JPEG', 'image/jpeg', () => photo().withMetadata({ orientation: 6 }).jpeg().toBuffer()],
    ['of a WebP', 'image/webp', () => photo().withMetadata({ orientation: 6 }).webp().toBuffer()],
  ])('%s is applied', async (_name, type, make) => {
    const source = await readSource(await make(), findFormat(type)!);
    const png = Buffer.concat(await applyOperation(source, (image) => image, findFormat('image/png')!));
    expect(await sharp(png).metadata()).toMatchObject({ width: HEIGHT, height: WIDTH });
  });

  const withExif = (place: 'before' | 'after') =>
    Promise.resolve(pngFile({ width: WIDTH, height: HEIGHT, [place]: [pngChunk('eXIf', exif(6))] }));
});

describe('an animation', () => {
  const framesOf = async (file: Buffer, type: Type) => (await readSource(file, findFormat(type)!)).frames;

  it('in WebP gives its first frame, whatever the others are', async () => {
    const stills = [
      await photo().webp({ lossless: true }).toBuffer(),
      await photo().negate().webp().toBuffer(),
    ];
    const frames = stills.map((still) => webpFrame(pixelsOf(still), WIDTH, HEIGHT));
    const file = webpFile([webpExtended(2, WIDTH, HEIGHT), webpAnimation, ...frames, ...frames]);
    expect(await framesOf(file, 'image/webp')).toBe(4);
    expect(await pixelsThroughWorker('image/webp', file)).toEqual(await pixels(stills[0]!));
  });

  it('in PNG gives its still image', async () => {
    const file = pngFile({
      before: [pngChunk('acTL', Buffer.alloc(8)), pngChunk('fcTL', Buffer.alloc(26))],
      after: [pngChunk('fcTL', Buffer.alloc(26)), pngChunk('fdAT', Buffer.alloc(99))],
    });
    expect(await framesOf(file, 'image/png')).toBe(2);
    expect(await pixelsThroughWorker('image/png', file)).toEqual(await pixels(pngFile()));
  });

  it('with a single frame counts as a still image', async () => {
    expect(await framesOf(pngFile(), 'image/png')).toBe(1);
  });
});

it('a file of two types at once is treated as the image that it begins as', async () => {
  const file = Buffer.concat([
    await photo().jpeg().toBuffer(),
    Buffer.from('PK\x03\x04'),
    Buffer.alloc(5_000),
  ]);
  expect(await pixelsThroughWorker('image/jpeg', file)).toHaveLength(WIDTH * HEIGHT * 3);
});
