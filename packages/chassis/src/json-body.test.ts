import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
} from 'node:zlib';
import { type Problem } from '@millrace/contracts';
import { Router } from 'express';
import request from 'supertest';
import { basics } from '../../../tests/support/service-basics.js';
import { createHttpApp } from './http-app.js';
import { jsonBody, jsonBodyUpTo } from './json-body.js';

const routes = Router();
routes.post('/echo', jsonBody, (req, res) => void res.json({ body: req.body as unknown }));
routes.post('/type', jsonBody, (req, res) => void res.json(typeof req.body));
routes.post('/small', jsonBodyUpTo(100), (req, res) => void res.json({ body: req.body as unknown }));
const app = createHttpApp({ ...basics('echo-1'), service: 'echo', routes: [routes] });

/** Sends bytes as they are. */
function post(bytes: Buffer | string, headers: Record<string, string> = {}, path = '/echo') {
  return request(app)
    .post(path)
    .set({ 'Content-Type': 'application/json', ...headers })
    .serialize((body: unknown) => body as string)
    .send(Buffer.from(bytes));
}

const problemOf = (response: request.Response) => response.body as Problem;
const text = 'Grüße, 水';
const json = JSON.stringify({ text });

it.each(['utf-8', 'UTF-8', 'utf8', 'UTF8', '"utf-8"', '"UTF8"'])('takes charset=%s', async (charset) => {
  const response = await post(json, { 'Content-Type': `application/json;charset=${charset}` }).expect(200);
  expect(response.body).toEqual({ body: { text } });
});

it.each(['utf-16', 'utf-7', 'iso-8859-1', 'klingon', 'utf-80'])('refuses charset=%s', async (charset) => {
  const response = await post(json, { 'Content-Type': `application/json; charset=${charset}` }).expect(415);
  expect(problemOf(response).detail).toBe(
    `The charset ${charset} is not supported. Send JSON in UTF-8 (RFC 8259).`,
  );
});

it.each([
  ['a byte order mark', `\ufeff${json}`, { text }],
  ['white space around it', ` \r\n${json}\n`, { text }],
  ['a key that JavaScript gives a meaning', '{"__proto__":1}', JSON.parse('{"__proto__":1}')],
])('takes %s', async (_what, body, expected) => {
  expect((await post(body).expect(200)).body).toEqual({ body: expected });
});

it('takes what is nested 130,000 times', async () => {
  await post(`${'['.repeat(130_000)}${']'.repeat(130_000)}`, {}, '/type').expect(200, '"object"');
});

it('takes the longest body, and none that is a byte longer', async () => {
  const longest = `"${'x'.repeat(98)}"`;
  await post(longest, {}, '/small').expect(200);
  const { detail } = problemOf(await post(`${longest} `, {}, '/small').expect(413));
  expect(detail).toBe('The body is larger than 100 bytes.');
});

function brotliQuickly(bytes: Buffer | string): Buffer {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } });
}

async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

const compressions = [
  ['gzip', gzipSync, gunzipSync],
  ['deflate', deflateSync, inflateSync],
  ['br', brotliQuickly, brotliDecompressSync],
] as const;

describe.each(compressions)('a body in %s', (encoding, compress, decompress) => {
  const headers = { 'Content-Encoding': encoding };

  it('is taken', async () => {
    expect((await post(compress(json), headers).expect(200)).body).toEqual({ body: { text } });
    await post(compress(json), { 'Content-Encoding': encoding.toUpperCase() }).expect(200);
  });

  it('that is none is refused in words', async () => {
    const broken = [json, compress(json).subarray(0, -8), compress(json).subarray(4)];
    for (const body of broken) {
      expect(problemOf(await post(body, headers).expect(400)).detail).toBe(
        `The header says Content-Encoding: ${encoding}, but the body is not valid ${encoding}. Compress it, or leave the header out.`,
      );
    }
  });

  it('that grows over the limit is refused, and not unpacked for longer than to there', async () => {
    const bomb = compress(Buffer.alloc(100 * 1024 ** 2, ' '));
    expect(bomb.length).toBeLessThan(300 * 1024);
    const whole = await cpuMs(() => decompress(bomb));
    expect(await cpuMs(() => post(bomb, headers).expect(413))).toBeLessThan(whole / 2);
  });
});

it.each(['x-zip', 'utf-8', 'gzip, gzip', 'gzip;q=1', 'y'.repeat(5_000)])(
  'refuses the Content-Encoding %.20s, and says what is right',
  async (encoding) => {
    const response = await post(json, { 'Content-Encoding': encoding }).expect(415);
    expect(response.get('accept-encoding')).toBe('gzip, deflate, br');
    expect(problemOf(response).detail).toBe(
      `The Content-Encoding ${encoding.slice(0, 40)} is not supported. Leave the header out, or compress the body with one of: gzip, deflate, br.`,
    );
  },
);

it('leaves an empty body to the schema', async () => {
  expect((await post('').expect(200)).body).toEqual({});
  const chunked = request(app).post('/echo').set('Content-Type', 'application/json');
  chunked.set('Transfer-Encoding', 'chunked');
  expect((await chunked.expect(200)).body).toEqual({});
});
