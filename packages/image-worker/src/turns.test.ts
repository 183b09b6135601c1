import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { type Listener, listenOnFreePort } from '../../../tests/support/listen.js';
import { basics } from '../../../tests/support/service-basics.js';
import { BACKGROUND_PRIORITY } from '@millrace/contracts';
import { createImageWorkerApp, imageWorkerConfig } from './index.js';
import { sharp } from './sharp-setup.js';

let worker: Listener;
/** A worker with two places. */
let wide: Listener;
let image: Buffer;

beforeAll(async () => {
  image = await sharp({ create: { width: 40, height: 30, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const start = (places: number) =>
    listenOnFreePort(
      createImageWorkerApp({
        ...basics('worker-1'),
        service: 'image-worker',
        limits: imageWorkerConfig.parse({ WORK_CONCURRENCY: places }),
        operation: (image) => image,
      }),
    );
  [worker, wide] = await Promise.all([start(1), start(2)]);
});
afterAll(() => Promise.all([worker.close(), wide.close()]));

/** Announces an image, and sends it when told to. */
function announce(type = 'image/png', { url } = worker, further: Record<string, string> = {}) {
  const headers = { 'Content-Type': type, 'Content-Length': image.length, Expect: '100-continue' };
  const options = { method: 'POST', headers: { ...headers, ...further } };
  const announced = request(`${url}/process`, options);
  const turn = { hasCome: false };
  announced.once('continue', () => (turn.hasCome = true));
  announced.on('error', () => undefined);
  announced.flushHeaders();
  return { announced, turn };
}

const continued = (announced: ClientRequest) => once(announced, 'continue');
const answered = async (announced: ClientRequest) => {
  const [response] = (await once(announced, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
};

/** Sends the image that was announced, and expects a response with one. */
async function sendImage(announced: ClientRequest): Promise<void> {
  announced.end(image);
  expect(await answered(announced)).toBe(200);
}

test('asks for an image when its turn comes, and not before', async () => {
  const first = announce();
  await continued(first.announced);
  const second = announce();
  // A sign of life, which shows that it has been noticed.
  await once(second.announced, 'information');
  expect(second.turn.hasCome).toBe(false);

  const secondsTurn = continued(second.announced);
  await sendImage(first.announced);
  await secondsTurn;
  await sendImage(second.announced);
});

test('lets background work take all places but some, whichever client it is for', async () => {
  const [type, background] = ['image/png', { Priority: BACKGROUND_PRIORITY }];
  const first = announce(type, wide, { ...background, 'X-Real-IP': '192.0.2.1' });
  await continued(first.announced);
  const second = announce(type, wide, { ...background, 'X-Real-IP': '192.0.2.2' });
  await once(second.announced, 'information');
  const urgent = announce(type, wide, { 'X-Real-IP': '192.0.2.3' });
  await continued(urgent.announced);
  expect(second.turn.hasCome).toBe(false);
  await sendImage(urgent.announced);
  expect(second.turn.hasCome).toBe(false);
  const secondsTurn = continued(second.announced);
  await sendImage(first.announced);
  await secondsTurn;
  await sendImage(second.announced);
});

test('gives the turn of a client that disconnected to the next', async () => {
  const first = announce();
  await continued(first.announced);
  const second = announce();
  await once(second.announced, 'information');
  first.announced.destroy();
  await continued(second.announced);
  await sendImage(second.announced);
});

test('refuses unsupported requests by their headers, without asking for the body', async () => {
  const { announced, turn } = announce('text/plain');
  expect(await answered(announced)).toBe(415);
  expect(turn.hasCome).toBe(false);
  announced.destroy();
});
