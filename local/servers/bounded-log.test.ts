import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { send } from '../../tests/nginx/client.js';
import { startNginx } from '../../tests/nginx/support.js';
import { eventually } from '../../tests/support/eventually.js';
import { boundLog } from './bounded-log.js';

test('the log of a running nginx becomes the previous one when it is too large, and goes on', async () => {
  const nginx = await startNginx({});
  const file = join(nginx.folder, 'logs/access.log');
  const maxBytes = 2_000;
  const stop = boundLog(file, { maxBytes, everyMs: 20 });
  try {
    await Promise.all(Array.from({ length: 20 }, (_, n) => send(nginx.port, `/nothing/${n}`)));
    await eventually(async () => expect((await stat(`${file}.1`)).size).toBeGreaterThan(maxBytes));
    await eventually(async () => expect((await stat(file)).size).toBeLessThanOrEqual(maxBytes));
    await send(nginx.port, '/nothing', { headers: { 'X-Request-Id': 'afterwards' } });
    expect(await nginx.logged('afterwards')).toMatchObject({ status: 404 });
    expect((await readFile(file)).includes(0)).toBe(false);
  } finally {
    stop();
    await nginx.stop();
  }
});
