import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../support/until.js';

const root = join(__dirname, '../..');
const run = promisify(execFile);
const MINUTE_MS = 60_000;

/** A pod of the stack. */
export interface Pod {
  name: string;
  /** The component it belongs to. */
  of: string;
  ready: boolean;
  /** It has been told to stop. */
  leaves: boolean;
  restarts: number;
  /** Its container's id, without the runtime's name. */
  containerId: string;
}

/** Whether kubectl reaches a cluster. */
export function clusterAnswers(): boolean {
  try {
    execFileSync('kubectl', ['get', '--raw', '/readyz', '--request-timeout=5s'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs `kubectl …` in the stack's namespace. @returns its stdout @throws with its output, when it fails */
export async function kubectl(...args: string[]): Promise<string> {
  const options = { cwd: root, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await run('kubectl', ['--namespace', 'millrace', ...args], options);
  return stdout;
}

export async function get<T>(...what: string[]): Promise<T> {
  return JSON.parse(await kubectl('get', '--output', 'json', ...what)) as T;
}

/** Applies k8s/. @returns kubectl's lines */
export async function applyAll(): Promise<string[]> {
  return (await kubectl('apply', '--filename', 'k8s/')).trim().split('\n');
}

/** Ensures that the stack is in the cluster, using deploy.sh if necessary. @returns its URL */
export async function deployed(): Promise<string> {
  const deployments = await kubectl('get', 'deployments', '--output', 'name').catch(() => '');
  if (!deployments.includes('nginx'))
    await run(join(root, 'deploy.sh'), { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  await settled();
  const urls = process.env.MILLRACE_URL ? [process.env.MILLRACE_URL] : await likelyUrls();
  return until(
    `one of ${urls.join(', ')} answers`,
    async () => {
      for (const url of urls) if (await isHealthy(url)) return url;
      return undefined;
    },
    MINUTE_MS,
  );
}

/** The node port on a cluster on this machine, as kind/cluster.yaml maps it, and on minikube. */
async function likelyUrls(): Promise<string[]> {
  const address = await kubectl(
    'get',
    'nodes',
    '--output',
    'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}',
  );
  return ['http://127.0.0.1:30080', 'http://127.0.0.1:8080', `http://${address}:30080`];
}

async function isHealthy(url: string): Promise<boolean> {
  const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(3_000) }).catch(
    () => undefined,
  );
  const health = (await response?.json().catch(() => undefined)) as { services?: object } | undefined;
  return response?.status === 200 && health?.services !== undefined;
}

/** @param component e.g. task-api; default: all */
export async function pods(component?: string): Promise<Pod[]> {
  interface Item {
    metadata: { name: string; labels: Record<string, string>; deletionTimestamp?: string };
    status: {
      containerStatuses?: { ready: boolean; restartCount: number; containerID?: string }[];
    };
  }
  const selector = component ? `app.kubernetes.io/name=${component}` : 'app.kubernetes.io/part-of=millrace';
  const { items } = await get<{ items: Item[] }>('pods', '--selector', selector);
  return items.map(({ metadata, status }) => {
    const [container] = status.containerStatuses ?? [];
    return {
      name: metadata.name,
      of: metadata.labels['app.kubernetes.io/name']!,
      ready: container?.ready ?? false,
      leaves: metadata.deletionTimestamp !== undefined,
      restarts: container?.restartCount ?? 0,
      containerId: container?.containerID?.replace(/^.*:\/\//, '') ?? '',
    };
  });
}

/** Waits until every pod is ready and none is terminating. */
export async function settled(component?: string): Promise<Pod[]> {
  return until(
    `the pods of ${component ?? 'the stack'} are ready, and old ones gone`,
    async () => {
      const all = await pods(component);
      return all.length > 0 && all.every(({ ready, leaves }) => ready && !leaves) && all;
    },
    4 * MINUTE_MS,
  );
}

/** Waits until a Deployment has the state that it should have. */
export async function rolledOut(name: string): Promise<void> {
  await kubectl('rollout', 'status', name, '--timeout=180s');
}
