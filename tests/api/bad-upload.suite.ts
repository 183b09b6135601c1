import { deflateSync } from 'node:zlib';
import { FAULT_ANSWER_MS } from '../support/fault-time.js';
import { pngChunk, pngFile } from '../support/image-files.js';
import { expectProblem, send, upload } from './client.js';
import { jpeg, paint } from './images.js';

const MIB = 1024 ** 2;

describe('the effects of an upload', () => {
  test.each([
    ['empty', ''],
    ['unknown', 'sepia'],
    ['in part unknown', 'bw,sepia'],
    ['in capitals', 'BW'],
    ['given twice', 'bw,bw'],
    ['fifty', Array(50).fill('blur').join(',')],
    ['with an empty one', 'bw,,blur'],
    ['ended by a comma', 'bw,'],
    ['a JSON list', '["bw"]'],
    ['with a NUL', 'bw\u0000'],
    ['2 KB long', 'bw,'.repeat(700)],
  ])('%s are answered with 422', async (_what, effects) => {
    expectProblem(await upload({ file: await jpeg(), effects }), 422);
  });

  test('that are missing are answered with a 422 that says so', async () => {
    const problem = expectProblem(await upload({ file: await jpeg() }), 422);
    expect(problem.errors).toEqual([{ path: 'effects', message: expect.any(String) }]);
  });
});

describe('the file of an upload', () => {
  test('that is missing is answered with a 422 that says so', async () => {
    const problem = expectProblem(await upload({ effects: 'bw' }), 422);
    expect(problem.errors).toEqual([{ path: 'file', message: expect.any(String) }]);
  });

  test('sent as plain text in the field is answered with 422', async () => {
    expectProblem(await upload({ file: 'not a file', effects: 'bw' }), 422);
  });

  test('under another field name is answered with 422', async () => {
    expectProblem(await upload({ image: await jpeg(), effects: 'bw' }), 422);
  });

  test('that is not a supported image is answered with 415', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
    const files = [
      Buffer.from('I am a text that is called test.jpg.'),
      Buffer.from(svg),
      Buffer.from(`<?xml version="1.0"?>${svg}`),
      Buffer.from('%PDF-1.7'),
      Buffer.alloc(0),
      Buffer.from([0xff]),
      await paint({ width: 9, height: 9 }).gif().toBuffer(),
      await paint({ width: 9, height: 9 }).tiff().toBuffer(),
    ];
    for (const file of files) expectProblem(await upload({ file, effects: 'bw' }), 415);
  });

  test('that is damaged is answered with 422', async () => {
    const whole = await jpeg();
    const files = [
      whole.subarray(0, whole.length / 2),
      whole.subarray(0, 3),
      Buffer.concat([whole.subarray(0, 20), Buffer.alloc(2_000)]),
      (await paint().png().toBuffer()).subarray(0, 5_000),
      (await paint().webp().toBuffer()).subarray(0, 1_000),
      Buffer.from('RIFF\u0000\u0000\u0000\u0000WEBP', 'latin1'),
    ];
    for (const file of files)
      for (const effects of ['bw', 'blur', 'bw,blur']) expectProblem(await upload({ file, effects }), 422);
  });

  test.each(['jpeg', 'png', 'webp'] as const)(
    'that is truncated is answered with 422: %s',
    async (format) => {
      const files = [await paint().toFormat(format).toBuffer()];
      if (format !== 'webp') files.push(await paint().toFormat(format, { progressive: true }).toBuffer());
      for (const whole of files) {
        for (const part of [0.5, 0.98]) {
          const file = whole.subarray(0, Math.floor(whole.length * part));
          expectProblem(await upload({ file, effects: 'bw,blur' }), 422);
        }
      }
    },
  );

  test('whose text chunks decompress to 400 MB is accepted as the small image that it is', async () => {
    const text = Buffer.concat([Buffer.from('Comment\0\0'), deflateSync(Buffer.alloc(7_900_000, 65))]);
    const file = pngFile({ before: Array<Buffer>(50).fill(pngChunk('zTXt', text)) });
    expect((await upload({ file, effects: 'bw,blur' })).status).toBe(201);
  });

  test('with 20 MB after a marker delays nobody else', async () => {
    const file = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(20 * MIB - 4)]);
    const uploads = [1, 2, 3].map(() => upload({ file, effects: 'bw,blur' }));
    const others = await Promise.all([1, 2, 3, 4, 5].map(() => send('/health')));
    expect(Math.max(...others.map(({ ms }) => ms))).toBeLessThan(FAULT_ANSWER_MS);
    for (const reply of await Promise.all(uploads)) expectProblem(reply, 422);
  });

  test('of 140 KB that would be 144 megapixels is answered with 422 at once', async () => {
    const file = pngFile({ width: 12_000, height: 12_000, colour: 0 });
    expect(file.length).toBeLessThan(150_000);
    // Decoding it takes seconds. A busy machine may hold up each, so the quickest counts.
    const times: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      const reply = await upload({ file, effects: 'bw,blur' });
      expectProblem(reply, 422);
      times.push(reply.ms);
    }
    expect(Math.min(...times)).toBeLessThan(1_000);
  });

  test('of just over 20 MiB is answered with 413, by nginx too when it is even larger', async () => {
    const photo = await jpeg();
    for (const size of [20 * MIB + 1, 25 * MIB]) {
      const file = Buffer.concat([photo, Buffer.alloc(size - photo.length)]);
      expectProblem(await upload({ file, effects: 'bw' }), 413);
    }
  });

  test('of 20 MiB is accepted', async () => {
    // What follows the end of a JPEG does not belong to it.
    const photo = await jpeg();
    const file = Buffer.concat([photo, Buffer.alloc(20 * MIB - photo.length)]);
    expect((await upload({ file, effects: 'bw' })).status).toBe(201);
  });
});

describe('the form of an upload', () => {
  const boundary = 'frame';
  const multipart = { 'Content-Type': `multipart/form-data; boundary=${boundary}` };
  const part = (disposition: string, content: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`;
  const post = (body: string, headers: Record<string, string> = multipart) =>
    send('/upload', { method: 'POST', headers, body });

  test('of another content type is answered with 415', async () => {
    for (const type of [
      'application/json',
      'image/jpeg',
      'application/x-www-form-urlencoded',
      'multipart/mixed',
    ]) {
      const reply = await post('{}', { 'Content-Type': type });
      expectProblem(reply, 415);
      expect(reply.headers['accept-post']).toBe('multipart/form-data');
    }
    expectProblem(await send('/upload', { method: 'POST' }), 415);
  });

  test.each([
    ['without a boundary', part('name="effects"', 'bw'), { 'Content-Type': 'multipart/form-data' }],
    ['with no part', '', multipart],
    ['with no end', part('name="effects"', 'bw'), multipart],
    ['broken off in a header', `--${boundary}\r\nContent-Disp`, multipart],
    ['that is not what it says', 'just text', multipart],
  ])('%s is answered with 400', async (_what, body, headers) => {
    expectProblem(await post(body, headers), 400);
  });

  test.each([
    ['two files', part('name="file"; filename="a"', 'a') + part('name="file"; filename="b"', 'b')],
    ['effects given twice', part('name="effects"', 'bw') + part('name="effects"', 'blur')],
    ['an unknown field', part('name="effects"', 'bw') + part('name="sigma"', '9')],
    ['a hundred fields', part('name="effects"', 'bw').repeat(100)],
    ['a field without a name', part('', 'bw')],
    ['a field named __proto__', part('name="__proto__"', 'bw')],
    ['fields of fields', part('name="effects[a][b]"', 'bw')],
  ])('with %s is answered with 422', async (_what, parts) => {
    expectProblem(await post(`${parts}--${boundary}--\r\n`), 422);
  });
});
