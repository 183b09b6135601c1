import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertStarts } from '../supervise/readiness.js';
import type { SupervisedProcess } from '../supervise/supervised-process.js';
import type { PlannedReplica } from './replicas.js';

export type RunningReplica = PlannedReplica & { process: SupervisedProcess };

export type HealthOptions = {
  /** The public endpoint. */
  url: string;
  nginx: SupervisedProcess;
  replicas: readonly RunningReplica[];
  /** Without a deadline, waits for as long as it takes. */
  deadlineMs?: number;
  signal?: AbortSignal;
};

/**
 * Waits until every replica is ready and GET /health returns 200 through nginx. Throws, naming what is not ready, at the deadline or when a
 * process keeps ending.
 */
export async function waitUntilHealthy(options: HealthOptions): Promise<void> {
  const { url, nginx, replicas, deadlineMs, signal } = options;
  const processes = [nginx, ...replicas.map(({ process }) => process)];
  const deadline = performance.now() + (deadlineMs ?? Infinity);
  let waiting = replicas;
  const isHealthy = async () => {
    const ready = await Promise.all(waiting.map((replica) => isReady(replica, signal)));
    waiting = waiting.filter((_, index) => !ready[index]);
    return waiting.length === 0 && (await statusOf(`${url}/health`, signal)) === 200;
  };
  while (!(await isHealthy())) {
    signal?.throwIfAborted();
    if (deadlineMs !== undefined) processes.forEach(assertStarts);
    if (performance.now() > deadline) {
      throw new Error(`Not healthy after ${(deadlineMs ?? 0) / 1000} s: ${await describeUnready(replicas)}`);
    }
    await sleep(20, undefined, { signal });
  }
}

export async function isReady(replica: PlannedReplica, signal?: AbortSignal): Promise<boolean> {
  return (await statusOf(probeOf(replica), signal)) === 200;
}

async function describeUnready(replicas: readonly RunningReplica[]): Promise<string> {
  const descriptions = await Promise.all(
    replicas.map(async (replica) => {
      const { name, process } = replica;
      const status = await statusOf(probeOf(replica));
      if (status === 200) return [];
      if (process.pid === undefined) return [`${name} (not running)`];
      return [`${name} (${status === undefined ? 'does not answer' : `GET /readyz answers ${status}`})`];
    }),
  );
  return descriptions.flat().join(', ') || 'every service is ready, but GET /health does not answer 200';
}

function probeOf({ port, probePort = port }: PlannedReplica): string {
  return `http://127.0.0.1:${probePort}/readyz`;
}

/** The status of a GET, or undefined when there was no response within five seconds, or the caller no longer waits. */
function statusOf(url: string, signal?: AbortSignal): Promise<number | undefined> {
  return new Promise((resolve) => {
    // No agent: a kept-alive socket would prevent the caller's process from ending.
    const { get } = url.startsWith('https:') ? https : http;
    // Our own process is called by address, so the name in its certificate does not matter.
    const options = { agent: false, timeout: 5_000, signal, rejectUnauthorized: false };
    const request = get(url, options, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}
