import request from 'supertest';
import { startGateway, type TestGateway } from '../../../../tests/support/gateway.js';
import { eventually } from '../../../../tests/support/eventually.js';
import { FAULT_ANSWER_MS } from '../../../../tests/support/fault-time.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());
afterEach(() => gateway.mend());

const analyze = (body: object) => request(gateway.app).post('/analyze').send(body);

it('answers the documented example', async () => {
  const response = await analyze({ text: 'Hello, how are you?' }).expect(200);
  expect(response.body).toEqual({ processed_text: 'Word Count: 4 | Reverse: ?uoy era woh ,olleH' });
  expect(response.get('x-served-by')).toBe('web-gateway-1');
});

it.each([
  ['', 'Word Count: 0 | Reverse: '],
  ['👨‍👩‍👧 e\u0301', 'Word Count: 2 | Reverse: e\u0301 👨‍👩‍👧'],
])('answers %j', async (text, processed) => {
  expect((await analyze({ text }).expect(200)).body).toEqual({ processed_text: processed });
});

it('handles 100,000 characters quickly', async () => {
  const begun = performance.now();
  const { body } = await analyze({ text: 'ab '.repeat(33_333) }).expect(200);
  expect(body.processed_text).toBe(`Word Count: 33333 | Reverse: ${' ba'.repeat(33_333)}`);
  // Quadratic work would take minutes.
  expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
});

it.each([
  ['no text', {}, 'text'],
  ['a text that is a number', { text: 7 }, 'text'],
  ['a NUL', { text: '\0' }, 'text'],
  ['100,001 characters', { text: 'x'.repeat(100_001) }, 'text'],
  ['an unknown field', { text: 'x', language: 'en' }, 'language'],
])('answers 422 to %s', async (_case, body, path) => {
  const response = await analyze(body).expect(422);
  expect(response.type).toBe('application/problem+json');
  expect(response.body.errors).toEqual([{ path, message: expect.any(String) }]);
});

it.each([
  ['is down', () => gateway.links.textWorker.cut()],
  ['hangs', () => gateway.links.textWorker.freeze()],
])('answers 503 within 5 s when text-worker %s, and recovers when it is back', async (_case, damage) => {
  await analyze({ text: 'a' }).expect(200);
  await damage();
  const begun = performance.now();
  const response = await analyze({ text: 'a' }).expect(503);
  expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
  expect(response.get('retry-after')).toBe('1');
  expect(response.body.detail).toBe('text-worker cannot take this request right now. Try again in a moment.');
  await gateway.mend();
  await eventually(() => analyze({ text: 'a' }).expect(200));
});
