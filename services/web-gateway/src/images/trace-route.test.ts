import { randomUUID } from 'node:crypto';
import { HttpProblem } from '@millrace/chassis/http';
import request from 'supertest';
import { startGateway, type TestGateway } from '../../../../tests/support/gateway.js';
import { makeImage } from '../../../../tests/support/images.js';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

/** Returns the id of the requested trace. */
const traces = {
  reader: {
    read: (traceparent: string | null | undefined) =>
      Promise.reject(new HttpProblem(404, `asked for ${traceparent}`)),
    readBegunWith: (id: string, begun: object) =>
      Promise.reject(new HttpProblem(404, `asked for ${id}, ${JSON.stringify(begun)}`)),
    close: () => Promise.resolve(),
  },
  jaegerUrl: 'http://jaeger.test/?a="<b>&',
};

async function upload(headers: Record<string, string> = {}): Promise<string> {
  const { body } = await request(gateway.app)
    .post('/upload')
    .set(headers)
    .attach('file', await makeImage('png'), 'a.png')
    .field('effects', 'bw')
    .expect(201);
  return (body as { view_url: string }).view_url;
}

it('shows the trace in which an image was made', async () => {
  const app = gateway.createApp({ traces });
  const detailOf = async (url: string): Promise<string> =>
    (await request(app).get(`${url}/trace`).expect(404)).body.detail;
  expect(await detailOf(await upload({ traceparent: TRACEPARENT }))).toBe(`asked for ${TRACEPARENT}`);
  // Its trace was not exported.
  expect(await detailOf(await upload({ traceparent: TRACEPARENT.replace(/1$/, '0') }))).toBe(
    'asked for null',
  );
  expect(await detailOf(`/image/${randomUUID()}`)).toBe('There is no image with this id.');
  expect((await request(app).get('/').expect(200)).text).toContain(
    '<meta name="traces" content="http://jaeger.test/?a=&#34;&#60;b&#62;&#38;" />',
  );
});

it('shows the trace of an upload that has made no image', async () => {
  const app = gateway.createApp({ traces });
  const id = TRACEPARENT.slice(3, 35);
  const { body } = await request(app).get(`/upload/${id.toUpperCase()}/trace`).expect(404);
  expect(body.detail).toBe(`asked for ${id}, {"request":"POST /upload","owner":null}`);
  await request(app).get('/upload/..%2f..%2fapi/trace').expect(400);
});

it('does not exist without a trace store, and the page shows no traces', async () => {
  const url = await upload();
  const { body } = await request(gateway.app).get(`${url}/trace`).expect(404);
  expect(body.detail).toMatch(/^There is nothing at/);
  expect((await request(gateway.app).get('/').expect(200)).text).not.toContain('name="traces"');
});
