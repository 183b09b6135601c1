import { join } from 'node:path';
import { repositoryRoot } from '../../../../../local/paths.js';
import { runSource } from '../../../../../tests/support/run-source.js';

it('writes JSON lines with service, pod and request, and without secrets', async () => {
  const program = runSource(join(repositoryRoot, 'tests/support/fixture-log.ts'));
  const { code, stdout } = await program.ended;
  expect(code).toBe(0);
  expect(stdout).not.toContain('hunter2');

  const [outside, inside, secrets, headers, error] = program.log();
  expect(outside).toMatchObject({ service: 'fixture', pod: 'fixture-1', level: expect.anything() });
  expect(outside).toMatchObject({ msg: 'outside of a request', time: expect.anything() });
  expect(outside).not.toHaveProperty('request_id');
  expect(inside).toMatchObject({ msg: 'inside of a request', request_id: 'r-7', pod: 'fixture-1' });
  expect(secrets).toMatchObject({ password: '[Redacted]', user: { token: '[Redacted]', name: 'Alice' } });
  expect(headers).toMatchObject({ headers: { authorization: '[Redacted]', 'set-cookie': '[Redacted]' } });
  expect(error).toMatchObject({ msg: 'error', err: { message: 'broken', stack: expect.any(String) } });
});
