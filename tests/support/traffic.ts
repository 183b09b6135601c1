import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';

/** Clients that send requests at an even pace, whatever happens to the stack. */
export interface Traffic {
  readonly tally: Tally;
  /** The replicas that responded since this was last emptied. */
  readonly pods: Set<string>;
  /** Stops, but not before `requests` were sent, and waits for the outstanding responses. */
  stop(requests?: number): Promise<Tally>;
}

export interface Tally {
  requests: number;
  /** How many times a request was retried, where HTTP allows that. */
  resent: number;
  /** A line for each request that failed, with its id, by which the logs know it. */
  failed: string[];
  /** How many requests each replica answered. */
  byPod: Map<string, number>;
  slowestMs: number;
}

export interface TrafficOptions {
  url: string;
  perSecond: number;
  /**
   * `none`: every request is sent once. `safe`: only requests that HTTP allows to repeat (GET, and POST with an Idempotency-Key) are
   * retried until they are answered.
   */
  retries: 'none' | 'safe';
}

interface Request {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

const CLIENTS = 32;
const ANSWER_TIMEOUT_MS = 15_000;
const PATIENCE_MS = 60_000;

export function startTraffic({ url, perSecond, retries }: TrafficOptions): Traffic {
  const pool = new Pool(url, { connections: CLIENTS, headersTimeout: ANSWER_TIMEOUT_MS });
  const tally: Tally = { requests: 0, resent: 0, failed: [], byPod: new Map(), slowestMs: 0 };
  const run = Date.now().toString(36);
  const begun = performance.now();
  let enough = Infinity;
  const pods = new Set<string>();

  const sendOnce = async ({ method, path, headers = {}, body }: Request) => {
    const response = await pool.request({ method, path, headers, body: body ?? null });
    if (response.statusCode >= 400) {
      const id = String(response.headers['x-request-id']);
      throw new Error(`${response.statusCode}, request ${id}: ${await response.body.text()}`);
    }
    await response.body.dump();
    const pod = String(response.headers['x-served-by']);
    pods.add(pod);
    tally.byPod.set(pod, (tally.byPod.get(pod) ?? 0) + 1);
  };

  const send = async (request: Request) => {
    const sent = performance.now();
    for (;;) {
      try {
        await sendOnce(request);
        break;
      } catch (error) {
        if (retries === 'none' || performance.now() - sent > PATIENCE_MS) {
          tally.failed.push(`${request.method} ${request.path}: ${(error as Error).message}`);
          break;
        }
        tally.resent += 1;
        await sleep(100);
      }
    }
    tally.slowestMs = Math.max(tally.slowestMs, performance.now() - sent);
  };

  const kinds = retries === 'none' ? [...safeKinds, ...plainPosts] : safeKinds;
  const client = async () => {
    while (tally.requests < enough) {
      const number = tally.requests++;
      const earlyMs = begun + (number / perSecond) * 1_000 - performance.now();
      if (earlyMs > 0) await sleep(earlyMs);
      await send(kinds[number % kinds.length]!(`${run}-${number}`));
    }
  };
  const ended = Promise.all(Array.from({ length: CLIENTS }, client));

  return {
    tally,
    pods,
    async stop(requests = 0) {
      enough = requests;
      await ended;
      await pool.destroy();
      return tally;
    },
  };
}

const json = { 'Content-Type': 'application/json' };

const safeKinds: ((id: string) => Request)[] = [
  () => ({ method: 'GET', path: '/openapi.json' }),
  () => ({ method: 'GET', path: '/tasks?limit=3' }),
  () => ({ method: 'GET', path: '/user/users?limit=3' }),
  (id) => ({ method: 'POST', path: `/api/add/${id}`, headers: { 'Idempotency-Key': id } }),
];

const plainPosts: ((id: string) => Request)[] = [
  (id) => ({ method: 'POST', path: '/analyze', headers: json, body: JSON.stringify({ text: `text ${id}` }) }),
  (id) => ({ method: 'POST', path: '/tasks', headers: json, body: JSON.stringify({ title: `title ${id}` }) }),
  (id) => ({
    method: 'POST',
    path: '/user/register',
    headers: json,
    body: JSON.stringify({ name: 'Rosa Miller', email: `${id}@example.org` }),
  }),
];
