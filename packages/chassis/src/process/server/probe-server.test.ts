import { createLifecycle } from '../lifecycle.js';
import { serveProbes } from './probe-server.js';

it('answers the probes according to the phase, and nothing else', async () => {
  const lifecycle = createLifecycle();
  const server = await serveProbes({ port: 0, host: '127.0.0.1' }, lifecycle);
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return `${response.status} ${await response.text()}`;
  };
  expect(await ask('/livez')).toBe('200 {"status":"alive"}');
  expect(await ask('/readyz')).toBe('503 {"status":"starting"}');
  lifecycle.ready();
  expect(await ask('/readyz')).toBe('200 {"status":"ready"}');
  lifecycle.drain();
  expect(await ask('/readyz')).toBe('503 {"status":"draining"}');
  expect(await ask('/livez')).toBe('200 {"status":"alive"}');
  for (const path of ['/', '/health', '/metrics', '/livez/', '/internal/jobs'])
    expect(await ask(path)).toBe('404 ');
  server.close();
});
