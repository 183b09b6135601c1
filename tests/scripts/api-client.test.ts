// The scripts for people, against a stack that is busy.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

let server: Server;
let requests: number;
/** How it answers: with 503, and whether the work may have begun. */
let workBegun: boolean;

beforeAll(async () => {
  server = createServer((req, res) => {
    requests += 1;
    req.resume();
    const status = requests === 1 ? 503 : 201;
    res.writeHead(status, { 'Retry-After': '1', 'X-Work-Begun': String(workBegun) });
    res.end(
      JSON.stringify(
        status === 201 ? { key: 'millrace_1', id: '1', expires_at: '2027-01-01' } : { detail: 'Busy.' },
      ),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
beforeEach(() => (requests = 0));
afterAll(() => server.close());

function createKey(): Promise<{ failed: boolean; errors: string }> {
  const script = join(__dirname, '../../scripts/keys.mjs');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return new Promise((resolve) => {
    const args = [script, 'create', 'test', '--scopes', 'tasks:read', '--url', url];
    execFile(process.execPath, args, (error, _output, errors) => resolve({ failed: error !== null, errors }));
  });
}

test('repeat a request that has not begun', async () => {
  workBegun = false;
  expect((await createKey()).failed).toBe(false);
  expect(requests).toBe(2);
});

test('create nothing twice: a request that may have begun is not repeated', async () => {
  workBegun = true;
  const { failed, errors } = await createKey();
  expect([failed, requests]).toEqual([true, 1]);
  expect(errors).toContain('responded with 503: Busy.');
});
