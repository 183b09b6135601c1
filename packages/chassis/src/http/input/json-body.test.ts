import { once } from 'node:events';
import { connect } from 'node:net';
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
import { eventually } from '../../../../../tests/support/eventually.js';
import { type Listener, listenOnFreePort } from '../../../../../tests/support/listen.js';
import { basics } from '../../../../../tests/support/service-basics.js';
import { createHttpApp } from '../app.js';
import { JSON_BODY_LIMIT_BYTES, jsonBody, jsonBodyUpTo } from './json-body.js';

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
])('accepts %s', async (_what, body, expected) => {
  expect((await post(body).expect(200)).body).toEqual({ body: expected });
});

it('accepts 130,000 levels of nesting', async () => {
  await post(`${'['.repeat(130_000)}${']'.repeat(130_000)}`, {}, '/type').expect(200, '"object"');
});

it('accepts the longest body, and none that is a byte longer', async () => {
  const longest = `"${'x'.repeat(98)}"`;
  await post(longest, {}, '/small').expect(200);
  const { detail } = problemOf(await post(`${longest} `, {}, '/small').expect(413));
  expect(detail).toBe('The body is larger than 100 bytes.');
});

it('accepts a body in any number of parts, and is not blocked by one that never ends', async () => {
  const listener = await listenOnFreePort(app);
  const head = `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}\r\n\r\n`;
  const leaving = connect(listener.port, '127.0.0.1');
  leaving.setNoDelay().write(`${head}{`);
  const socket = connect(listener.port, '127.0.0.1').setNoDelay();
  socket.write(head);
  for (const byte of Buffer.from(json)) {
    socket.write(Buffer.of(byte));
    await new Promise(setImmediate);
  }
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toContain(`\r\n\r\n{"body":${json}}`);
  leaving.destroy();
  // On the same connection.
  socket.write(`${head}${json}`);
  const [second] = (await once(socket, 'data')) as [Buffer];
  expect(second.toString()).toContain('HTTP/1.1 200 OK');
  socket.destroy();
  await listener.close();
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

  it('is accepted', async () => {
    expect((await post(compress(json), headers).expect(200)).body).toEqual({ body: { text } });
    await post(compress(json), { 'Content-Encoding': encoding.toUpperCase() }).expect(200);
  });

  it('that is not compressed is refused with a message', async () => {
    const broken = [json, compress(json).subarray(0, -8), compress(json).subarray(4)];
    for (const body of broken) {
      expect(problemOf(await post(body, headers).expect(400)).detail).toBe(
        `The header says Content-Encoding: ${encoding}, but the body is not valid ${encoding}. Compress it, or omit the header.`,
      );
    }
  });

  it('that exceeds the limit is refused, and decompression stops there', async () => {
    const bomb = compress(Buffer.alloc(100 * 1024 ** 2, ' '));
    expect(bomb.length).toBeLessThan(300 * 1024);
    const whole = await cpuMs(() => decompress(bomb));
    expect(await cpuMs(() => post(bomb, headers).expect(413))).toBeLessThan(whole / 2);
  });
});

it.each(['x-zip', 'utf-8', 'gzip, gzip', 'gzip;q=1', 'y'.repeat(5_000)])(
  'refuses the Content-Encoding %.20s, and says what is supported',
  async (encoding) => {
    const response = await post(json, { 'Content-Encoding': encoding }).expect(415);
    expect(response.get('accept-encoding')).toBe('gzip, deflate, br');
    expect(problemOf(response).detail).toBe(
      `The Content-Encoding ${encoding.slice(0, 40)} is not supported. Omit the header, or compress the body with one of: gzip, deflate, br.`,
    );
  },
);

it('leaves an empty body to the schema', async () => {
  expect((await post('').expect(200)).body).toEqual({});
  const chunked = request(app).post('/echo').set('Content-Type', 'application/json');
  chunked.set('Transfer-Encoding', 'chunked');
  expect((await chunked.expect(200)).body).toEqual({});
});

describe('memory for long bodies', () => {
  const LONG = JSON.stringify('x'.repeat(JSON_BODY_LIMIT_BYTES - 2));
  const held: (() => void)[] = [];
  const holding = Router();
  holding.post('/hold', jsonBody, (_req, res) => {
    held.push(() => res.json({}));
  });
  const hold = createHttpApp({ ...basics('hold-1'), service: 'hold', routes: [holding] });
  let listener: Listener;
  beforeAll(async () => {
    listener = await listenOnFreePort(hold);
  });
  afterAll(() => listener.close());

  /** A request in a client's name; it is under way when this returns. */
  const send = (client: string, body = LONG) =>
    request(listener.url)
      .post('/hold')
      .set({ 'Content-Type': 'application/json', 'X-Real-IP': client })
      .send(body)
      .then(({ status }) => status);
  const release = () => held.splice(0).forEach((answer) => answer());

  it('is shared: one client can use half of it, and short bodies need none', async () => {
    const greedy = Array.from({ length: 20 }, () => send('192.0.2.1'));
    await eventually(() => expect(held).toHaveLength(8));
    const other = send('192.0.2.2');
    const short = send('192.0.2.1', '{}');
    await eventually(() => expect(held).toHaveLength(10));
    let left = 22;
    const all = [...greedy, other, short].map((answer) => answer.finally(() => (left -= 1)));
    while (left > 0) {
      release();
      await new Promise(setImmediate);
      expect(held.length).toBeLessThanOrEqual(16);
    }
    expect(await Promise.all(all)).toEqual(Array<number>(22).fill(200));
  });

  it('has at most 100 waiting requests; then the client with the most gets 429', async () => {
    const greedy = Array.from({ length: 8 + 100 }, () => send('192.0.2.1'));
    const seen: number[] = [];
    for (const answer of greedy) void answer.then((status) => seen.push(status));
    await eventually(() => expect(held).toHaveLength(8));
    const others = Array.from({ length: 20 }, (_, index) => send(`198.51.100.${index}`));
    await eventually(() => expect(held.length).toBe(16));
    // Eight of the others have memory, twelve stand in the line for which twelve have left it.
    await eventually(() => expect(seen).toEqual(Array<number>(12).fill(429)));
    let left = others.length;
    for (const answer of others) void answer.finally(() => (left -= 1));
    while (left > 0) {
      release();
      await new Promise(setImmediate);
    }
    expect(await Promise.all(others)).toEqual(Array<number>(20).fill(200));
    const end = setInterval(release, 1);
    const counts = await Promise.all(greedy);
    clearInterval(end);
    expect(counts.filter((status) => status === 200).length).toBe(96);
  });

  it('is freed when the client disconnects', async () => {
    const before = held.length;
    for (let round = 0; round < 40; round += 1) {
      const leaving = request(listener.url).post('/hold').set('Content-Type', 'application/json').send(LONG);
      leaving.end(() => undefined);
      await eventually(() => expect(held.length).toBe(before + round + 1));
      leaving.abort();
    }
    release();
  });
});
