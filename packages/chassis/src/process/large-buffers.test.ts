import { join } from 'node:path';
import { runSource } from '../../../../tests/support/run-source.js';

it('expects large buffers by a flag that V8 knows: it complains of others, and goes on', async () => {
  const program = runSource(join(__dirname, '../../../../tests/support/fixture-large-buffers.ts'));
  expect(await program.ended).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
});
