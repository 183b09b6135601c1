// Scaling queue-worker by its backlog, if the cluster has KEDA.
import { clusterAnswers, deployed, kubectl, rolledOut, settled } from './kubectl.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;
const BURST = 600;

const hasCluster = clusterAnswers();

(hasCluster ? describe : describe.skip)('overlays/keda', () => {
  let url: string;
  let hasKeda: boolean;

  beforeAll(async () => {
    url = await deployed();
    hasKeda = await kubectl('get', 'crd', 'scaledobjects.keda.sh').then(
      () => true,
      () => false,
    );
    if (!hasKeda) {
      process.stderr.write('KEDA is not in the cluster (no CRD scaledobjects.keda.sh): not tested.\n');
      return;
    }
    await kubectl('apply', '--kustomize', 'overlays/keda');
    // Slow tasks, because otherwise the burst would be over before anyone looks.
    await kubectl('set', 'env', 'deployment/queue-worker', 'TASK_DELAY_MS=2000');
    await rolledOut('deployment/queue-worker');
    // The old replica has no delay, and works until it is gone.
    await settled('queue-worker');
  }, 10 * MINUTE_MS);

  afterAll(async () => {
    if (!hasKeda) return;
    await kubectl('delete', 'scaledobject/queue-worker', 'networkpolicy/task-api-from-keda');
    await kubectl('set', 'env', 'deployment/queue-worker', 'TASK_DELAY_MS-');
    await rolledOut('deployment/queue-worker');
  }, 3 * MINUTE_MS);

  test(
    'a burst of tasks scales queue-worker to its maximum, and its end back to one',
    async () => {
      if (!hasKeda) return;
      const replicas = async () =>
        Number(
          await kubectl('get', 'deployment/queue-worker', '--output', 'jsonpath={.status.readyReplicas}'),
        );
      await until('it begins with one', async () => (await replicas()) === 1, 2 * MINUTE_MS);
      const begun = performance.now();
      for (let sent = 0; sent < BURST; sent += 50)
        await Promise.all(Array.from({ length: 50 }, () => addTask(url)));
      await until('there are five', async () => (await replicas()) === 5, 2 * MINUTE_MS);
      process.stderr.write(`KEDA: 5 replicas after ${secondsSince(begun)} s\n`);
      await until('there is one', async () => (await replicas()) === 1, 5 * MINUTE_MS);
      process.stderr.write(`KEDA: 1 replica after ${secondsSince(begun)} s\n`);
      await until('all are done', async () => (await unfinished(url)) === 0, 2 * MINUTE_MS);
    },
    12 * MINUTE_MS,
  );
});

async function addTask(url: string): Promise<void> {
  const response = await fetch(`${url}/api/add/burst`, { method: 'POST' });
  if (response.status !== 202) throw new Error(String(response.status));
}

async function unfinished(url: string): Promise<number> {
  const { counts } = (await (await fetch(`${url}/api/jobs/summary`)).json()) as {
    counts: Record<string, number>;
  };
  return counts.queued! + counts.processing!;
}

function secondsSince(begun: number): string {
  return ((performance.now() - begun) / 1_000).toFixed(0);
}
