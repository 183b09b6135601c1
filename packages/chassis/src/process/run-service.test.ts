import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { repositoryRoot } from '../../../../local/paths.js';
import { eventually } from '../../../../tests/support/eventually.js';
import { type RunningProgram, runSource } from '../../../../tests/support/run-source.js';

const running: RunningProgram[] = [];
afterEach(() => {
  for (const { process } of running.splice(0)) process.kill('SIGKILL');
});

function start(env: Record<string, string> = {}): RunningProgram {
  const program = runSource(join(repositoryRoot, 'tests/support/fixture-service.ts'), {
    PORT: '0',
    HOST: '127.0.0.1',
    POD_NAME: 'fixture-1',
    SHUTDOWN_DRAIN_MS: '2000',
    ...env,
  });
  running.push(program);
  return program;
}

const messages = (program: RunningProgram) => program.log().map(({ msg }) => msg);

/** @returns the service's URL, once it is ready */
async function ready(program: RunningProgram): Promise<string> {
  const port = await eventually(() => {
    const line = program.log().find(({ msg }) => msg === 'listening');
    expect(line).toMatchObject({ service: 'fixture', pod: 'fixture-1', level: expect.anything() });
    return Number(line!['port']);
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => expect((await get(`${url}/readyz`)).status).toBe(200));
  return url;
}

async function get(url: string, agent: http.Agent | false = false) {
  const request = http.get(url, { agent });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
  return { status: response.statusCode, headers: response.headers, body };
}

it.each(['SIGTERM', 'SIGINT'] as const)('shuts down on %s without a failed request', async (signal) => {
  const program = start();
  const url = await ready(program);
  const keptAlive = new http.Agent({ keepAlive: true });
  expect((await get(`${url}/quick`, keptAlive)).headers.connection).toBe('keep-alive');
  const idle = new http.Agent({ keepAlive: true });
  await get(`${url}/quick`, idle);
  const stream = get(`${url}/stream`);
  const slow = get(`${url}/slow`);
  await eventually(() => expect(messages(program)).toContain('slow request begun'));

  program.process.kill(signal);
  await eventually(async () => expect((await get(`${url}/readyz`)).status).toBe(503));
  expect((await get(`${url}/livez`)).status).toBe(200);
  const served = await get(`${url}/quick`, keptAlive);
  expect(served.status).toBe(200);
  expect(served.headers.connection).toBe('close');

  expect(await slow).toMatchObject({ status: 200, body: '{"slow":true}' });
  expect((await stream).body).toBe('begun\nended\n');
  expect(await program.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  expect(messages(program).slice(-3)).toEqual(['closing 1', 'closing 2', 'stopped']);
  keptAlive.destroy();
  idle.destroy();
});

it('signals readiness with its port, with READINESS=port', async () => {
  const program = start({ READINESS: 'port' });
  const url = await ready(program);
  const keptAlive = new http.Agent({ keepAlive: true });
  await get(`${url}/quick`, keptAlive);

  program.process.kill('SIGTERM');
  await eventually(() => expect(get(`${url}/quick`)).rejects.toMatchObject({ code: 'ECONNREFUSED' }));
  const served = await get(`${url}/quick`, keptAlive);
  expect(served).toMatchObject({ status: 200, headers: { connection: 'close' } });
  expect((await program.ended).code).toBe(0);
  keptAlive.destroy();
});

it('waits after the drain for requests in flight, but not for their connections', async () => {
  const program = start({ SHUTDOWN_DRAIN_MS: '0' });
  const url = await ready(program);
  const keptAlive = new http.Agent({ keepAlive: true });
  const slow = get(`${url}/slow`, keptAlive);
  await eventually(() => expect(messages(program)).toContain('slow request begun'));
  program.process.kill('SIGTERM');
  expect((await slow).status).toBe(200);
  expect((await program.ended).code).toBe(0);
  keptAlive.destroy();
});

it('continues the shutdown when a step fails, and reports it with the exit code', async () => {
  const program = start({ CLOSE_FAILS: '1', SHUTDOWN_DRAIN_MS: '0' });
  await ready(program);
  program.process.kill('SIGTERM');
  expect((await program.ended).code).toBe(1);
  expect(messages(program).slice(-4)).toEqual([
    'closing 1',
    'a step of the shutdown failed',
    'closing 2',
    'stopped',
  ]);
});

it('exits at once, with 1, on a second signal', async () => {
  const program = start({ SHUTDOWN_DRAIN_MS: '60000', SHUTDOWN_TIMEOUT_MS: '70000' });
  await ready(program);
  program.process.kill('SIGTERM');
  await eventually(() => expect(messages(program)).toContain('draining'));
  program.process.kill('SIGTERM');
  expect((await program.ended).code).toBe(1);
  expect(messages(program).at(-1)).toBe('second signal (SIGTERM): ending at once');
});

it('exits with 1 at the deadline of the shutdown', async () => {
  const program = start({ CLOSE_HANGS: '1', SHUTDOWN_DRAIN_MS: '0', SHUTDOWN_TIMEOUT_MS: '300' });
  await ready(program);
  program.process.kill('SIGTERM');
  expect((await program.ended).code).toBe(1);
  expect(messages(program).at(-1)).toBe('shutdown not done in 300 ms');
});

it('cancels a request that does not end, in time to respond', async () => {
  const program = start({ SHUTDOWN_DRAIN_MS: '0', SHUTDOWN_TIMEOUT_MS: '5000' });
  const url = await ready(program);
  const endless = get(`${url}/endless`);
  await eventually(() => expect(messages(program)).toContain('endless request begun'));
  program.process.kill('SIGTERM');
  expect(await endless).toMatchObject({ status: 503, headers: { 'x-work-begun': 'false' } });
  expect((await program.ended).code).toBe(0);
});

it('exits at once, with 0, while it is still waiting for its dependencies', async () => {
  const program = start({ PREPARE_WAITS: '1', SHUTDOWN_DRAIN_MS: '0' });
  await eventually(() => expect(messages(program)).toContain('listening'));
  program.process.kill('SIGTERM');
  expect((await program.ended).code).toBe(0);
  expect(messages(program).at(-1)).toBe('stopped');
});

it('exits with 1 when the preparation fails', async () => {
  const program = start({ PREPARE_FAILS: '1' });
  expect((await program.ended).code).toBe(1);
  expect(messages(program)).toContain('cannot start');
});

it('exits with 1 and one message when its configuration is invalid', async () => {
  const program = start({ PORT: 'http', LOG_LEVEL: 'loud' });
  const { code, stdout, stderr } = await program.ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^The configuration has 2 problem\(s\):\n {2}PORT: .+\n {2}LOG_LEVEL: .+\n$/);
});
