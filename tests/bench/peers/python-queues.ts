import { join } from 'node:path';
import { systemEnvironment } from '../../../local/supervise/environment.js';
import type { Contestant } from '../contestant.js';
import type { Bench } from '../row.js';
import { startHttpPeer, startPeer } from './peer-process.js';
import { startQueue } from './plain-queue.js';
import { preparePython } from './python.js';

/** Flask and LPUSH under gunicorn with two workers, behind the same Nginx as ours. Nothing processes what it queues. */
export async function startFlaskQueue(bench: Bench): Promise<Contestant> {
  const bin = await preparePython(bench);
  return startQueue(bench, 'nothing', async ({ redisUrl, apiPort }) => [
    await startGunicorn(bench, bin, 'flask_queue', redisUrl, apiPort),
  ]);
}

/** Celery with Redis as broker and result backend; one worker with two processes, and the same front end as Flask's. */
export async function startCelery(bench: Bench): Promise<Contestant> {
  const bin = await preparePython(bench);
  return startQueue(bench, ' succeeded in ', async ({ redisUrl, apiPort, onLine }) => {
    const env = { ...systemEnvironment(), REDIS_URL: redisUrl };
    const args = ['-A', 'celery_queue.celery', 'worker', '--concurrency=2', '--loglevel=INFO'];
    const worker = startPeer(
      bench,
      { name: 'celery', command: join(bin, 'celery'), args, cwd: __dirname, env, stopSignal: 'SIGQUIT' },
      onLine,
    );
    return [await startGunicorn(bench, bin, 'celery_queue', redisUrl, apiPort), worker];
  });
}

function startGunicorn(bench: Bench, bin: string, module: string, redisUrl: string, port: number) {
  const args = ['--workers=2', `--bind=127.0.0.1:${port}`, '--log-level=warning', `${module}:app`];
  const spec = { name: 'gunicorn', command: join(bin, 'gunicorn'), args, cwd: __dirname };
  return startHttpPeer(bench, spec, { REDIS_URL: redisUrl, PYTHONDONTWRITEBYTECODE: '1' }, port);
}
