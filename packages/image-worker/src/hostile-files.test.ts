import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { INTERCHANGE_TYPE, type Problem } from '@millrace/contracts';
import { freePort } from '../../../local/servers/ports.js';
import { eventually } from '../../../tests/support/eventually.js';
import {
  exifBomb,
  jpegSegment,
  pixelsOf,
  pngChunk,
  pngFile,
  webpAnimation,
  webpChunk,
  webpExtended,
  webpFile,
  webpFrame,
  withScans,
  withSegments,
} from '../../../tests/support/image-files.js';
import type { Measures } from '../../../tests/support/measured-worker.js';
import { type RunningProgram, runSource } from '../../../tests/support/run-source.js';
import { sharp } from './sharp-setup.js';

// In a separate process, because its memory and its event loop are measured.

const MB = 1_000_000;
let worker: RunningProgram;
let url: string;
let measuresUrl: string;

async function startWorker(): Promise<void> {
  const [port, measuresPort] = [await freePort(), await freePort()];
  const program = path.join(__dirname, '../../../tests/support/measured-worker.ts');
  worker = runSource(program, {
    PORT: String(port),
    MEASURES_PORT: String(measuresPort),
    LOG_LEVEL: 'error',
  });
  url = `http://127.0.0.1:${port}`;
  measuresUrl = `http://127.0.0.1:${measuresPort}`;
  await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200));
  await eventually(async () => expect((await fetch(measuresUrl)).status).toBe(200));
}

async function stopWorker(): Promise<void> {
  worker.process.kill('SIGKILL');
  await worker.ended;
}

const measures = async () => (await (await fetch(measuresUrl)).json()) as Measures;

async function send(file: Buffer, accept = '*/*'): Promise<{ status: number; detail: string }> {
  const response = await fetch(`${url}/process`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/octet-stream', Accept: accept },
    body: new Uint8Array(file),
  });
  if (response.ok) {
    await response.arrayBuffer();
    return { status: response.status, detail: '' };
  }
  return { status: response.status, detail: ((await response.json()) as Problem).detail };
}

const grey = (width: number, height: number, background = '#808080') =>
  sharp({
    create: { width, height, channels: background.length === 9 ? 4 : 3, background },
    limitInputPixels: false,
  });

const text = (index: number) =>
  pngChunk(
    'zTXt',
    Buffer.concat([Buffer.from(`Comment${index}\0\0`), deflateSync(Buffer.alloc(7_900_000, 65))]),
  );
const profile = () => {
  const data = Buffer.alloc(7_900_000);
  data.writeUInt32BE(data.length);
  data.write('acsp', 36);
  return pngChunk('iCCP', Buffer.concat([Buffer.from('x\0\0'), deflateSync(data)]));
};
const times = (count: number, part: Buffer) => Buffer.concat(Array<Buffer>(count).fill(part));
const exifSegment = () => jpegSegment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), exifBomb(65_000)]));

const smallJpeg = () => grey(64, 48).jpeg().toBuffer();
const smallWebp = async () => pixelsOf(await grey(64, 48).webp().toBuffer());
const animation = async (side: number, frames: number) => {
  const frame = webpFrame(await smallWebp(), 64, 48);
  return webpFile([webpExtended(2, side, side), webpAnimation, times(frames, frame)]);
};

describe('a small image in a large or malicious file takes little memory, and delays nobody', () => {
  beforeAll(startWorker);
  afterAll(stopWorker);

  it.each<[string, number, () => Buffer | Promise<Buffer>]>([
    [
      'PNG of 20 texts that unpack',
      200,
      () => pngFile({ before: Array.from({ length: 20 }, (_, i) => text(i)) }),
    ],
    [
      'PNG of 50 texts behind its pixels',
      200,
      () => pngFile({ after: Array.from({ length: 50 }, (_, i) => text(i)) }),
    ],
    ['PNG of 18 MB of text', 200, () => pngFile({ before: [pngChunk('tEXt', Buffer.alloc(18 * MB, 65))] })],
    ['PNG of many colour profiles', 200, () => pngFile({ before: [times(20, profile())] })],
    ['PNG of EXIF data in each other', 200, () => pngFile({ before: [pngChunk('eXIf', exifBomb(15 * MB))] })],
    [
      'PNG of 18 MB of suggested palette',
      200,
      () => pngFile({ before: [pngChunk('sPLT', Buffer.alloc(18 * MB, 65))] }),
    ],
    ['PNG of 1,600,000 chunks', 422, () => pngFile({ before: [times(1_600_000, pngChunk('prIv'))] })],
    [
      'PNG of 1,600,000 empty chunks of pixels',
      422,
      () => pngFile({ before: [times(1_600_000, pngChunk('IDAT'))] }),
    ],
    [
      'JPEG of EXIF data in each other',
      200,
      async () => withSegments(await smallJpeg(), Array<Buffer>(300).fill(exifSegment())),
    ],
    [
      'JPEG of 19 MB of comments',
      200,
      async () =>
        withSegments(await smallJpeg(), Array<Buffer>(300).fill(jpegSegment(0xfe, Buffer.alloc(65_000)))),
    ],
    [
      'JPEG of 4,900,000 comments',
      422,
      async () => withSegments(await smallJpeg(), [times(4_900_000, jpegSegment(0xfe))]),
    ],
    [
      'JPEG of 500 scans',
      422,
      async () => withScans(await grey(6_000, 8_000).jpeg({ progressive: true }).toBuffer(), 500),
    ],
    [
      'JPEG of a marker and 20 MB of zeros',
      422,
      () => Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(20 * MB)]),
    ],
    [
      'JPEG of 20 MB of fill bytes',
      422,
      () => Buffer.concat([Buffer.from('ffd8', 'hex'), Buffer.alloc(20 * MB, 255)]),
    ],
    [
      'JPEG of a scan of fill bytes',
      422,
      async () => Buffer.concat([(await smallJpeg()).subarray(0, -2), Buffer.alloc(20 * MB, 255)]),
    ],
    [
      'WebP of EXIF data in each other',
      200,
      async () =>
        webpFile([webpExtended(8, 64, 48), await smallWebp(), webpChunk('EXIF', exifBomb(15 * MB))]),
    ],
    [
      'WebP of 18 MB of XMP',
      200,
      async () =>
        webpFile([webpExtended(4, 64, 48), await smallWebp(), webpChunk('XMP ', Buffer.alloc(18 * MB, 65))]),
    ],
    [
      'WebP of 18 MB of colour profile',
      200,
      async () =>
        webpFile([webpExtended(0x20, 64, 48), webpChunk('ICCP', Buffer.alloc(18 * MB)), await smallWebp()]),
    ],
    [
      'WebP of 2,000,000 chunks',
      422,
      async () =>
        webpFile([
          webpExtended(0, 64, 48),
          times(2_000_000, webpChunk('ABCD', Buffer.alloc(0))),
          await smallWebp(),
        ]),
    ],
    ['WebP of 60,000 frames', 200, () => animation(64, 60_000)],
    ['WebP of 1,000 frames on a large canvas', 422, () => animation(7_000, 1_000)],
    ['WebP of a canvas that is too large', 422, () => animation(16_384, 1)],
    ['PNG of one row', 422, () => pngFile({ width: 50 * MB, height: 1, colour: 6 })],
    ['PNG of one column', 422, () => pngFile({ width: 1, height: 50 * MB, colour: 6 })],
    ['PNG of the widest row', 200, () => pngFile({ width: 65_535, height: 1, colour: 6 })],
  ])('%s: %i', async (_name, status, make) => {
    const file = await make();
    const idle = await measures();
    const begun = performance.now();
    expect(await send(file)).toMatchObject({ status });
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect((await measures()).peakMb - idle.peakMb).toBeLessThan(100);

    // A busy machine also delays the event loop, so the best of several runs counts.
    await eventually(async () => {
      await measures();
      await send(file);
      expect((await measures()).longestHoldMs).toBeLessThan(50);
    });
  });
});

describe('the largest possible image fits into memory, however it is encoded', () => {
  beforeEach(startWorker);
  afterEach(stopWorker);

  it.each<[string, number, () => Buffer | Promise<Buffer>]>([
    [
      'PNG of 16 bits with transparency',
      200,
      () => pngFile({ width: 7_000, height: 7_142, depth: 16, colour: 6 }),
    ],
    [
      'interlaced PNG of 16 bits, grey with transparency',
      200,
      () => pngFile({ width: 7_000, height: 7_142, depth: 16, colour: 4, interlaced: true }),
    ],
    [
      'progressive JPEG of whole colours',
      200,
      () => grey(7_000, 7_142).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
    ],
    ['WebP', 200, () => grey(7_000, 7_142).webp({ effort: 0 }).toBuffer()],
    [
      'interlaced PNG of 16 bits with transparency',
      422,
      () => pngFile({ width: 7_000, height: 7_142, depth: 16, colour: 6, interlaced: true }),
    ],
    [
      'WebP with transparency',
      422,
      () => grey(5_000, 5_000, '#80808080').webp({ lossless: true, effort: 0 }).toBuffer(),
    ],
  ])(
    '%s: %i',
    async (_name, status, make) => {
      const file = await make();
      const idle = await measures();
      expect(await send(file)).toMatchObject({ status });
      expect((await measures()).peakMb - idle.peakMb).toBeLessThan(600);
    },
    60_000,
  );

  it('and so does the output of another worker', async () => {
    const header = 'P7\nWIDTH 7000\nHEIGHT 7142\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n';
    const file = Buffer.concat([Buffer.from(header), Buffer.alloc(7_000 * 7_142 * 4, 100)]);
    const idle = await measures();
    expect(await send(file, 'image/jpeg')).toMatchObject({ status: 200 });
    expect((await measures()).peakMb - idle.peakMb).toBeLessThan(600);
  }, 60_000);

  it('also on its way to another worker', async () => {
    const file = pngFile({ width: 7_000, height: 7_142, depth: 16, colour: 6 });
    const idle = await measures();
    expect(await send(file, INTERCHANGE_TYPE)).toMatchObject({ status: 200 });
    expect((await measures()).peakMb - idle.peakMb).toBeLessThan(600);
  }, 60_000);
});
