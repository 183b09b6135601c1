// With AUTH_MODE=jwt, users see the traces of their own work, and administrators see all of them.
import { SCOPES } from '@millrace/contracts';
import { type Reply, send, upload } from '../api/client.js';
import { eventually } from '../support/eventually.js';
import { makeImage } from '../support/images.js';
import { type SecuredStack, startSecuredStack } from './stack.js';

const ALL = Object.keys(SCOPES);
const OWN = ALL.filter((scope) => scope !== 'jobs:admin');

let stack: SecuredStack;
beforeAll(async () => {
  stack = await startSecuredStack({ observe: true });
}, 90_000);
afterAll(() => stack.stop());

test('only its sender and administrators can see the trace of a failed upload', async () => {
  const headers = await bearerOf('ada', OWN);
  const broken = Buffer.concat([(await makeImage('jpeg')).subarray(0, 300), Buffer.from('broken')]);
  const reply = await upload({ file: broken, effects: 'bw' }, { url: stack.url, headers });
  expect(reply.status).toBe(422);
  const trace = `/upload/${String(reply.headers['traceresponse']).slice(3, 35)}/trace`;
  await eventually(async () => {
    const shown = await get(trace, 'ada');
    expect(shown.status).toBe(200);
    expect(shown.text()).toContain('POST bw-worker');
  });
  expect((await get(trace, 'root', ALL)).status).toBe(200);
  expect((await get(trace, 'bob')).status).toBe(404);
  expect((await get(trace)).status).toBe(401);
  expect((await get(trace, 'ada', ['users:read'])).status).toBe(403);
});

async function get(path: string, sub?: string, scopes = OWN): Promise<Reply> {
  const headers = sub === undefined ? {} : await bearerOf(sub, scopes);
  return send(path, { url: stack.url, headers });
}

const bearerOf = async (sub: string, scopes: string[]) => ({
  Authorization: `Bearer ${await stack.issuer.token({ sub, scope: scopes.join(' ') })}`,
});

test.each([
  ['a job', 'async=true', '/api/jobs/'],
  ['an image', '', '/image/'],
])(
  'the trace of %s is there for its owner and for administrators, and not for others',
  async (_what, query, path) => {
    const headers = await bearerOf('ada', OWN);
    const reply = await upload(
      { file: await makeImage('png'), effects: 'bw' },
      { url: stack.url, query, headers },
    );
    const trace = `${path}${(reply.json() as { id: string }).id}/trace`;
    await eventually(async () => expect((await get(trace, 'ada')).status).toBe(200));
    expect((await get(trace, 'root', ALL)).status).toBe(200);
    const others = await get(trace, 'bob');
    expect(others.status).toBe(404);
    expect(others.text()).toMatch(/There is no (job|image) with this id/);
    expect((await get(trace)).status).toBe(401);
    expect((await get(trace, 'ada', ['users:read'])).status).toBe(403);
  },
);
