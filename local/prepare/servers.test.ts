// Whether local/prepare/ accepts the machine's nginx and redis-server.
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { repositoryRoot } from '../paths.js';
import { temporaryFolder } from '../supervise/test-support.js';

const code = `const { installServers } = await import('./local/prepare/servers.mjs'); await installServers();`;

let folder: string;
beforeEach(() => (folder = temporaryFolder()));
afterEach(() => rmSync(folder, { recursive: true }));

/** The message about programs that report these versions. */
function messageAbout(nginx: string, redis: string): string | undefined {
  const programs = { nginx: `echo '${nginx}' >&2`, 'redis-server': `echo '${redis}'` };
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: repositoryRoot,
    env: { PATH: [folder, process.env.PATH].join(delimiter) },
    encoding: 'utf8',
  });
  return /^Error: (.*)$/m.exec(stderr)?.[1];
}

const goodNginx = 'nginx version: nginx/1.19.5';
const goodRedis = 'Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64 build=a3fdef44459b3ad6';

test.each([
  [goodNginx, goodRedis],
  ['nginx version: nginx/1.30.0 (Ubuntu)', 'Redis server v=8.2.1 sha=0'],
  ['nginx version: openresty/1.27.1.2', 'Valkey server v=8.0.0 sha=0'],
])('accepts %s and %s', (nginx, redis) => {
  expect(messageAbout(nginx, redis)).toBeUndefined();
});

const advice = 'Install a newer one, or start with Docker Compose.';

test.each([
  [
    'nginx version: nginx/1.18.0 (Ubuntu)',
    goodRedis,
    `nginx 1.18.0 is too old: Millrace needs 1.19.5 or newer. ${advice}`,
  ],
  [
    goodNginx,
    'Redis server v=5.0.7 sha=0',
    `redis-server 5.0.7 is too old: Millrace needs 6.0 or newer. ${advice}`,
  ],
])('refuses %s with %s in one message', (nginx, redis, message) => {
  expect(messageAbout(nginx, redis)).toBe(message);
});
