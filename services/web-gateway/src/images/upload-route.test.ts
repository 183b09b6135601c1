import http from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { uploadResponseSchema } from '@millrace/contracts';
import sharp from 'sharp';
import request from 'supertest';
import { eventually } from '../../../../tests/support/eventually.js';
import { FAULT_ANSWER_MS } from '../../../../tests/support/fault-time.js';
import { startGateway, type TestGateway } from '../../../../tests/support/gateway.js';
import { blackPng, makeImage } from '../../../../tests/support/images.js';
import { type Listener, listenOnFreePort } from '../../../../tests/support/listen.js';

let gateway: TestGateway;
let photo: Buffer;
beforeAll(async () => {
  gateway = await startGateway();
  photo = await makeImage('jpeg');
});
afterAll(() => gateway.stop());
afterEach(() => gateway.mend());

const post = () => request(gateway.app).post('/upload');
const upload = (file: Buffer, effects = 'bw,blur', name = 'photo.jpg') =>
  post().attach('file', file, name).field('effects', effects);

it('answers the documented example: the effects are applied in order, and the result can be viewed', async () => {
  const response = await upload(photo).expect(201);
  const { id } = response.body;
  expect(response.body).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    applied_effects: ['bw', 'blur'],
    processed_by_pod: 'blur-worker-1',
    view_url: `/image/${id}`,
    hops: [
      { effect: 'bw', pod: 'bw-worker-1', ms: expect.any(Number) },
      { effect: 'blur', pod: 'blur-worker-1', ms: expect.any(Number) },
    ],
  });
  expect(response.get('location')).toBe(`/image/${id}`);
  expect(response.get('x-served-by')).toBe('web-gateway-1');

  const image = await request(gateway.app).get(response.body.view_url).expect(200);
  expect(image.type).toBe('image/jpeg');
  expect(await sharp(image.body).metadata()).toMatchObject({ width: 120, height: 80, channels: 1 });
});

it('asks the workers in the order of the effects', async () => {
  const { body } = await upload(photo, 'blur, bw').expect(201);
  expect(body).toMatchObject({ applied_effects: ['blur', 'bw'], processed_by_pod: 'bw-worker-1' });
  expect((await upload(photo, 'blur').expect(201)).body.hops).toHaveLength(1);
});

it.each(['png', 'webp', 'jpeg'] as const)('keeps the type of a %s, whatever the file name', async (type) => {
  const { body } = await upload(await makeImage(type), 'bw', 'image.gif').expect(201);
  const image = await request(gateway.app).get(body.view_url).expect(200);
  expect(image.type).toBe(`image/${type}`);
  expect((await sharp(image.body).metadata()).format).toBe(type);
});

it('says that the first frame of an animation was used', async () => {
  const stills = await Promise.all([makeImage('png'), makeImage('jpeg')]);
  const animation = await sharp(stills, { join: { animated: true } })
    .webp()
    .toBuffer();
  for (const effects of ['bw', 'bw,blur']) {
    const { body } = await upload(animation, effects).expect(201);
    expect(uploadResponseSchema.parse(body).frames).toEqual({ in: 2, used: 1 });
  }
});

describe('an invalid form is answered with 422', () => {
  it.each([
    ['no file', () => post().field('effects', 'bw'), 'file'],
    ['a file that is a text field', () => post().field('file', 'x').field('effects', 'bw'), ''],
    [
      'a file under another name',
      () => post().attach('image', photo, 'a.jpg').field('effects', 'bw'),
      'image',
    ],
    ['no effects', () => post().attach('file', photo, 'a.jpg'), 'effects'],
    ['empty effects', () => upload(photo, ''), 'effects.0'],
    ['an empty effect', () => upload(photo, 'bw,'), 'effects.1'],
    ['an effect twice', () => upload(photo, 'bw,bw'), 'effects'],
    ['an unknown effect', () => upload(photo, 'bw,sepia'), 'effects.1'],
    ['an effect in capitals', () => upload(photo, 'BW'), 'effects.0'],
    ['50 effects', () => upload(photo, Array<string>(50).fill('bw').join()), 'effects'],
    ['effects of 2,000 characters', () => upload(photo, 'x'.repeat(2_000)), 'effects'],
    ['two fields of effects', () => upload(photo).field('effects', 'blur'), ''],
    ['two files', () => upload(photo).attach('file', photo, 'b.jpg'), ''],
    ['a further field', () => upload(photo).field('colour', 'red'), ''],
    [
      'another field instead of effects',
      () => post().attach('file', photo, 'a.jpg').field('colour', 'red'),
      '',
    ],
  ])('%s', async (_case, send, path) => {
    const response = await send().expect(422);
    expect(response.type).toBe('application/problem+json');
    expect(response.body.errors[0].path).toContain(path);
  });
});

it.each(['image/jpg', 'image/x-png', 'application/octet-stream', 'text/plain'])(
  'detects the real type of a file sent as %s',
  async (contentType) => {
    const form = post().attach('file', photo, { filename: 'photo', contentType });
    const { body } = await form.field('effects', 'bw').expect(201);
    expect((await request(gateway.app).get(body.view_url).expect(200)).type).toBe('image/jpeg');
  },
);

describe('an unsupported file is answered with 415, which names its type', () => {
  it.each([
    ['text called .jpg', Buffer.from('I am not a photo.'), 'not a supported image'],
    [
      'an SVG',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'),
      'image/svg+xml, which is not supported',
    ],
    [
      'a GIF',
      Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64'),
      'image/gif, which is not supported',
    ],
    ['a photo of a telephone', Buffer.from('\0\0\0\x18ftypheic'), 'image/heic, which is not supported'],
    [
      'pixels as they travel between workers',
      Buffer.from('P7\n'),
      'image/x-portable-arbitrarymap, which is not supported',
    ],
    ['an empty file', Buffer.alloc(0), 'not a supported image'],
  ])('%s', async (_case, file, fact) => {
    const response = await upload(file).expect(415);
    expect(response.type).toBe('application/problem+json');
    expect(response.body.detail).toBe(`The file is ${fact}. Send one of: image/jpeg, image/png, image/webp.`);
  });
});

describe('an image that cannot be processed is answered with 422', () => {
  it.each([
    ['a JPEG that is cut off', () => photo.subarray(0, photo.length / 2)],
    ['a JPEG of its first bytes', () => photo.subarray(0, 3)],
    ['a PNG with an end of rubbish', () => Buffer.from('89504e470d0a1a0a00', 'hex')],
  ])('%s', async (_case, file) => {
    const response = await upload(file()).expect(422);
    expect(response.type).toBe('application/problem+json');
    expect(response.body.detail).toBe('The image cannot be read: it is damaged or truncated.');
  });

  it('a small file of 144 megapixels, quickly', async () => {
    const file = blackPng(12_000, 12_000);
    // A busy machine may hold up each, so the quickest counts.
    const times: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      const begun = performance.now();
      const response = await upload(file).expect(422);
      times.push(performance.now() - begun);
      expect(response.body.detail).toContain('144000000 pixels');
    }
    expect(Math.min(...times)).toBeLessThan(1_000);
  });
});

it('answers 413 over the limit', async () => {
  const response = await upload(Buffer.concat([photo, Buffer.alloc(1024 ** 2)])).expect(413);
  expect(response.body).toMatchObject({ status: 413, detail: 'The file is larger than 1.0 MiB.' });
});

it.each(['application/json', 'application/x-www-form-urlencoded', 'image/jpeg'])(
  'answers 415 to %s',
  async (type) => {
    const response = await post().type(type).send('{}').expect(415);
    expect(response.get('accept-post')).toBe('multipart/form-data');
  },
);

it.each([
  ['has no boundary', 'multipart/form-data', ''],
  [
    'ends early',
    'multipart/form-data; boundary=b',
    '--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx',
  ],
  ['is not a form', 'multipart/form-data; boundary=b', 'x'],
  ['is empty', 'multipart/form-data; boundary=b', ''],
])('answers 400 to a form that %s', async (_case, type, body) => {
  const response = await post().set('Content-Type', type).send(body).expect(400);
  expect(response.type).toBe('application/problem+json');
});

it('answers 405 to GET', async () => {
  expect((await request(gateway.app).get('/upload').expect(405)).get('allow')).toBe('POST, OPTIONS');
});

it.each([
  ['a worker is down', () => gateway.links.blurWorker.cut()],
  ['a worker hangs', () => gateway.links.blurWorker.freeze()],
  ['Redis is down', () => gateway.redis.link.cut()],
  ['Redis hangs', () => gateway.redis.link.freeze()],
])('answers 503 within 5 s when %s, and recovers when it is back', async (_case, damage) => {
  await damage();
  const begun = performance.now();
  const response = await upload(photo).expect(503);
  expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
  expect(response.get('retry-after')).toBe('1');
  await gateway.mend();
  await eventually(() => upload(photo).expect(201));
});

describe('clients that do not wait for their images', () => {
  /** A worker that receives bodies, reports that it is working, and never finishes. */
  const endless = http.createServer();
  const open = new Set<http.IncomingMessage>();
  let seen = 0;
  let impatient: TestGateway;
  let listener: Listener;
  beforeAll(async () => {
    endless.on('checkContinue', (req: http.IncomingMessage, res: http.ServerResponse) => {
      seen += 1;
      open.add(req);
      res.once('close', () => open.delete(req));
      const alive = setInterval(() => res.writeProcessing(), 200);
      res.once('close', () => clearInterval(alive));
      res.writeContinue();
      req.resume();
    });
    endless.listen(0, '127.0.0.1');
    await once(endless, 'listening');
    const { port } = endless.address() as AddressInfo;
    impatient = await startGateway({
      limits: { uploadTimeoutMs: 60_000, uploadQueueLimit: 20 },
      furtherUrls: { blurWorker: `http://127.0.0.1:${port}` },
    });
    await impatient.links.blurWorker.cut();
    listener = await listenOnFreePort(impatient.app);
  });
  afterAll(async () => {
    endless.closeAllConnections();
    endless.close();
    await listener.close();
    await impatient.stop();
  });

  it('leave no work in the workers', async () => {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(photo)]), 'a.jpg');
    form.set('effects', 'blur');
    const patience = new AbortController();
    const calls = Array.from({ length: 12 }, () =>
      fetch(`${listener.url}/upload`, { method: 'POST', body: form, signal: patience.signal }),
    );
    await eventually(() => expect(open.size).toBe(12));
    patience.abort();
    await Promise.allSettled(calls);
    await eventually(() => expect(open.size).toBe(0));
    expect(seen).toBe(12);
  });

  it('can set a time limit, which ends the work with a 503', async () => {
    const response = await request(listener.url)
      .post('/upload')
      .set('X-Request-Timeout-Ms', '400')
      .attach('file', photo, 'a.jpg')
      .field('effects', 'blur')
      .expect(503);
    expect(response.get('retry-after')).toBe('1');
    expect(response.body.work_begun).toBe(false);
    await eventually(() => expect(open.size).toBe(0));
  });
});

describe('with memory for one upload', () => {
  let narrow: TestGateway;
  let listener: Listener;
  beforeAll(async () => {
    narrow = await startGateway({ limits: { memoryBudgetBytes: 300_000, uploadQueueLimit: 0 } });
    listener = await listenOnFreePort(narrow.app);
  });
  afterAll(async () => {
    await listener.close();
    await narrow.stop();
  });

  /** Begins an upload that never ends. */
  const begin = async () => {
    const unfinished = http.request(`${listener.url}/upload`, {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': '100000' },
    });
    // The error when it is aborted.
    unfinished.on('error', () => undefined);
    unfinished.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\nxxx');
    await once(unfinished, 'socket');
    return unfinished;
  };
  const send = () =>
    request(listener.url).post('/upload').attach('file', photo, 'a.jpg').field('effects', 'bw');

  it('refuses a second one at once with 503; a client that disconnects frees its place', async () => {
    const unfinished = await begin();
    await eventually(async () => {
      const response = await send().expect(503);
      expect(response.get('retry-after')).toBe('1');
    });
    unfinished.destroy();
    await eventually(() => send().expect(201));
  });

  it('frees the place after every kind of failure', async () => {
    for (let round = 0; round < 3; round++) {
      await request(listener.url).post('/upload').field('effects', 'bw').expect(422);
      await request(listener.url).post('/upload').send({}).expect(415);
    }
    await eventually(() => send().expect(201));
  });
});
