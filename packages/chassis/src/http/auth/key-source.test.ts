// A slow, broken or hostile issuer delays a service by at most three seconds.
import { createServer, type ServerResponse } from 'node:http';
import { FAULT_ANSWER_MS } from '../../../../../tests/support/fault-time.js';
import { listen, type Listener } from '../../../../../tests/support/listen.js';
import { createKeySource } from './key-source.js';

let issuer: Listener;
/** How it answers, by path. */
let answers: Record<string, (response: ServerResponse) => void>;
beforeAll(async () => {
  issuer = await listen(createServer((request, response) => answers[request.url ?? '']?.(response)));
});
afterAll(() => issuer.close());

const DISCOVERY = '/.well-known/openid-configuration';
const json = (document: unknown) => (response: ServerResponse) => void response.end(JSON.stringify(document));
const discovered = () => json({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` });
/** Sends something every 100 ms, so that no pause is long. */
const dripping = (response: ServerResponse) => {
  const timer = setInterval(() => response.write(' '), 100);
  response.on('close', () => clearInterval(timer));
};
const later = (answer: (response: ServerResponse) => void) => (response: ServerResponse) =>
  void setTimeout(() => answer(response), 2_000);
const flooding = (response: ServerResponse) => {
  const flood = () => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x20)));
  };
  response.on('drain', flood);
  flood();
};
const redirecting = (response: ServerResponse) =>
  void response.writeHead(302, { Location: `${issuer.url}/elsewhere` }).end();

const keys = { keys: [{ kty: 'EC', kid: 'a' }] };
const fetchKeys = (own: { jwksUrl?: string } = {}) => createKeySource({ issuer: issuer.url, ...own })();

it('finds the keys through the discovery document', async () => {
  answers = { [DISCOVERY]: discovered(), '/keys': json(keys) };
  expect(await fetchKeys()).toEqual(keys);
});

it.each<[string, () => typeof answers]>([
  ['does not answer', () => ({})],
  ['never ends its discovery document', () => ({ [DISCOVERY]: dripping })],
  ['never ends its keys', () => ({ [DISCOVERY]: discovered(), '/keys': dripping })],
  ['takes two seconds for each', () => ({ [DISCOVERY]: later(discovered()), '/keys': later(json(keys)) })],
  ['sends gigabytes', () => ({ [DISCOVERY]: discovered(), '/keys': flooding })],
  ['leads elsewhere', () => ({ [DISCOVERY]: redirecting, '/elsewhere': discovered() })],
  [
    'speaks for somebody else',
    () => ({ [DISCOVERY]: json({ issuer: 'https://other.test', jwks_uri: `${issuer.url}/keys` }) }),
  ],
  [
    'has its keys in a file',
    () => ({ [DISCOVERY]: json({ issuer: issuer.url, jwks_uri: 'file:///etc/passwd' }) }),
  ],
  [
    'sends no JSON',
    () => ({ [DISCOVERY]: discovered(), '/keys': (response) => void response.end('<html>') }),
  ],
])('gives up on an issuer that %s', async (_what, behaviour) => {
  answers = behaviour();
  const begun = performance.now();
  await expect(fetchKeys()).rejects.toThrow();
  expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
});

it('accepts at most a hundred keys, and says so in one line', async () => {
  answers = { '/keys': json({ keys: Array.from({ length: 50_000 }, () => ({})) }) };
  const error = await fetchKeys({ jwksUrl: `${issuer.url}/keys` }).catch(
    (reason: unknown) => reason as Error,
  );
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).message.length).toBeLessThan(500);
});
