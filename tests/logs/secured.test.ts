// With all options on: sign-in, TLS between all programs, HTTPS and traces. No log and no span contains users' identities or
// credentials. Each has its own mark, as in personal-data.test.ts.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { CreatedKey } from '@millrace/contracts';
import { Client } from 'pg';
import { Agent, fetch, FormData } from 'undici';
import { serviceNames } from '#topology';
import { readTlsFiles } from '../../local/servers/tls-files.js';
import { startStack, type Stack } from '../../local/stack/stack.js';
import { temporaryFolder } from '../../local/supervise/test-support.js';
import { createAuthority, type TestAuthority } from '../support/certificates.js';
import { makeImage } from '../support/images.js';
import { AUDIENCE, type Issuer, startIssuer } from '../support/issuer.js';
import { until } from '../support/until.js';

const SCOPE = 'tasks:read tasks:write images:read images:write users:read users:write keys:manage';

const dataDir = temporaryFolder();
const lines: { source: string; line: string }[] = [];
const secrets: string[] = [];
const traceIds = new Set<string>();
let sent = 0;
let authority: TestAuthority;
let issuer: Issuer;
let stack: Stack;
let dispatcher: Agent;

function mark(what: string): string {
  const text = `zq${what}${secrets.length}xk`;
  secrets.push(text);
  return text;
}

/** An access token, with the claims that providers add. */
async function tokenOf(claims: Parameters<Issuer['token']>[0] = {}): Promise<string> {
  const person = { sub: mark('subject'), name: mark('name'), email: `${mark('email')}@example.com` };
  const token = await issuer.token({ ...person, scope: SCOPE, ...claims });
  secrets.push(...token.split('.'));
  return token;
}

async function send(method: string, path: string, token: string, body?: object | FormData) {
  const isForm = body instanceof FormData;
  sent += 1;
  const response = await fetch(stack.url + path, {
    dispatcher,
    method,
    headers: { Authorization: `Bearer ${token}`, ...(!isForm && { 'Content-Type': 'application/json' }) },
    body: body === undefined || isForm ? body : JSON.stringify(body),
  });
  const trace = response.headers.get('traceresponse');
  if (trace) traceIds.add(trace.slice(3, 35));
  const text = await response.text();
  return { status: response.status, json: () => JSON.parse(text) as unknown };
}

beforeAll(async () => {
  [authority, issuer] = await Promise.all([createAuthority(), startIssuer()]);
  const names = [...serviceNames, 'nginx', 'redis', 'postgres', 'edge'];
  await Promise.all(names.map((name) => authority.issue(name)));
  dispatcher = new Agent({ connect: { ca: authority.certificate } });
  const edge = join(authority.folder, 'edge');
  const serviceToken = mark('secret').padEnd(40, 'x');
  stack = await startStack({
    port: 'free',
    dataDir,
    bind: '127.0.0.1',
    tlsDir: authority.folder,
    https: { port: 'free', certFile: join(edge, 'tls.crt'), keyFile: join(edge, 'tls.key') },
    observe: true,
    env: {
      all: {
        AUTH_MODE: 'jwt',
        AUTH_ISSUER: issuer.url,
        AUTH_AUDIENCE: AUDIENCE,
        SERVICE_TOKEN: serviceToken,
      },
    },
    onLine: (source, line) => lines.push({ source, line }),
  });
}, 120_000);

afterAll(async () => {
  await stack.stop();
  await dispatcher.close();
  await issuer.stop();
  authority.remove();
});

test('people and their keys', async () => {
  const token = await tokenOf();
  const created = await send('POST', '/api/keys', token, { name: mark('key'), scopes: ['tasks:write'] });
  expect(created.status).toBe(201);
  const { key, id } = created.json() as CreatedKey;
  // Its prefix is not secret.
  secrets.push(key.slice(-20));

  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(await makeImage('png'))]), `${mark('file')}.png`);
  form.set('effects', 'bw');
  const statuses = [
    await send('POST', '/api/tasks', key, { title: mark('title') }),
    await send('GET', '/api/tasks', token),
    await send('POST', '/upload?async=true', token, form),
    await send('POST', '/user/register', token, { name: mark('name'), email: `${mark('email')}@a.example` }),
    await send('GET', `/api/keys?subject=${mark('subject')}`, token),
    await send('DELETE', `/api/keys/${id}`, token),
    await send('GET', '/api/tasks', mark('token')),
    await send('GET', '/api/tasks', key.replace(/.{4}$/, 'aaaa')),
    await send('GET', '/api/tasks', await tokenOf({ exp: 1 })),
    await send('GET', '/api/tasks', await tokenOf({ aud: mark('audience') })),
    await send('GET', '/api/tasks', await tokenOf({ iss: `https://${mark('issuer')}.example` })),
    await send('GET', '/api/tasks', await tokenOf({ scope: mark('scope') })),
    await send('GET', '/api/tasks', await tokenOf({ sub: mark('long').repeat(100) })),
  ].map(({ status }) => status);
  expect(statuses).toEqual([201, 200, 202, 201, 403, 204, 401, 401, 401, 401, 401, 403, 401]);
  await until('the job is done', () => lines.some(({ line }) => line.includes('"Completed task"')));
});

test('failures: the row of a key, the issuer, a connection without a certificate', async () => {
  const token = await tokenOf();
  const { host, port, user, password, database } = stack.postgres;
  const ssl = { ...readTlsFiles(join(authority.folder, 'task-api')), servername: 'postgres' };
  const administrator = new Client({ host, port, user, password, database, ssl });
  await administrator.connect();
  await administrator.query('ALTER TABLE tasks.api_keys ADD CONSTRAINT broken CHECK (false) NOT VALID');
  await administrator.end();
  const key = { name: mark('key'), scopes: ['tasks:read'] };
  expect((await send('POST', '/api/keys', token, key)).status).toBe(500);

  issuer.answers(false);
  await issuer.rotate();
  expect([401, 503]).toContain((await send('GET', '/api/tasks', await tokenOf())).status);
  issuer.answers(true);

  const { url } = stack.replicas.find(({ service }) => service === 'task-api')!;
  const plain = connect(Number(new URL(url).port), '127.0.0.1');
  plain.on('error', () => undefined);
  plain.end(`GET /${mark('path')} HTTP/1.1\r\nHost: ${mark('host')}\r\n\r\n`).resume();
  await once(plain, 'close');
  await until('it is in the log', () => lines.some(({ line }) => line.includes('refused a connection')));
});

/** Nginx's log, which it writes once a second: a line for each request. */
const accessLog = () =>
  until('every request is in the log', () => {
    const access = readFileSync(join(dataDir, 'nginx/logs/access.log'), 'utf8').trimEnd().split('\n');
    return access.length >= sent && access;
  });
const hasSecret = (text: string) =>
  secrets.filter((secret) => text.toLowerCase().includes(secret.toLowerCase()));

test('no line has anything of them', async () => {
  const logged = [...lines.map(({ line }) => line), ...(await accessLog())];
  expect(logged.filter((line) => hasSecret(line).length > 0)).toEqual([]);
});

test('no span has anything of them', async () => {
  expect(traceIds.size).toBeGreaterThan(10);
  const url = `${stack.traceStore!.url}/api/v3/traces`;
  for (const id of traceIds) {
    const spans = await until(`trace ${id} has come`, async () => {
      const response = await fetch(`${url}/${id}`);
      return response.ok && response.text();
    });
    expect(hasSecret(spans)).toEqual([]);
  }
});

test('each of our programs, and Nginx, writes one JSON object per line', async () => {
  const own = lines.filter(({ source }) => /-\d$|^trace-store$/.test(source)).map(({ line }) => line);
  for (const line of [...own, ...(await accessLog())]) {
    expect(JSON.parse(line)).toMatchObject({
      time: expect.any(String) as string,
      level: expect.any(String) as string,
      service: expect.any(String) as string,
      msg: expect.any(String) as string,
    });
  }
});
