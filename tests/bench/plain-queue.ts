import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openGuard } from '../../local/guard.js';
import { startNginx } from '../../local/nginx.js';
import { compiledScript } from '../../local/paths.js';
import { freePort } from '../../local/ports.js';
import { startRedis } from '../../local/redis.js';
import { superviseProcess } from '../../local/supervised-process.js';
import { temporaryFolder } from '../../local/test-support.js';
import { planReplicas } from '../../local/topology.js';
import { until } from '../api/until.js';
import type { Contestant } from './contestant.js';
import { countCompletions } from './completions.js';

/** The documented way behind the same nginx and on the same kind of Redis: a list, and nothing that outlives a crash. */
export async function startPlainQueue(): Promise<Contestant> {
  const dataDir = temporaryFolder();
  const guard = await openGuard(dataDir);
  const completions = countCompletions();
  const surroundings = { guard, dataDir, onLine: completions.onLine };
  const redis = await startRedis(surroundings);
  const port = await freePort();
  const replicas = await planReplicas();
  const nginx = startNginx({ ...surroundings, hosts: ['127.0.0.1'], port, replicas });

  const apiPort = replicas.find(({ service }) => service === 'task-api')!.port;
  const env = { ...process.env, REDIS_URL: redis.url, PORT: String(apiPort) };
  const [api, worker] = ['plain-api', 'plain-worker'].map((name) =>
    superviseProcess(
      {
        name,
        command: process.execPath,
        args: ['-r', compiledScript('register-source'), join(__dirname, `${name}.ts`)],
        env,
      },
      surroundings,
    ),
  );
  const url = `http://127.0.0.1:${port}`;
  await until('the plain API answers', async () => {
    const response = await fetch(`http://127.0.0.1:${apiPort}/`).catch(() => undefined);
    return response?.status === 404 && worker?.pid !== undefined;
  });

  return {
    name: 'plain Redis list',
    url,
    completed: completions.count,
    async stop() {
      for (const process of [nginx.process, api, worker]) await process?.stop();
      await redis.stop();
      await guard.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
