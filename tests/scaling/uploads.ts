import { uploadResponseSchema } from '@millrace/contracts';
import { Pool } from 'undici';
import { makeRandom } from '../api/random.js';
import { makeImage } from '../support/images.js';

/** One image to blur, from its request to its response. Times are from performance.now(). */
export interface Upload {
  begun: number;
  ended: number;
  status: number;
  /** The replica that blurred it. */
  worker: string;
  /** The replica that received it. */
  gateway: string;
}

export interface Run {
  /** From the first request to the last response, in ms. */
  ms: number;
  uploads: Upload[];
}

/** Clients that upload one image after the other. */
export interface Load {
  /** Those that have ended so far. */
  readonly uploads: readonly Upload[];
  /** Begins no more and waits for the outstanding responses. @throws when a request failed */
  stop(): Promise<void>;
}

/** Sends all uploads at once. */
export async function uploadAtOnce(url: string, count: number): Promise<Run> {
  const upload = await prepareUpload();
  const pool = new Pool(url, { connections: count, headersTimeout: 0 });
  try {
    const begun = performance.now();
    const uploads = await Promise.all(Array.from({ length: count }, () => send(pool, upload)));
    return { ms: performance.now() - begun, uploads };
  } finally {
    await pool.destroy();
  }
}

/**
 * The same work spread as a random balancer would: straight to replicas, each chosen at random. The product's own balancing must differ
 * from this.
 */
export async function uploadByLot(urls: string[], count: number, seed: number): Promise<Run> {
  const random = makeRandom(seed);
  const body = await makeImage('png', { width: 64, height: 48 });
  const headers = { 'Content-Type': 'image/png', Accept: 'image/png' };
  const pools = urls.map((url) => new Pool(url, { headersTimeout: 0 }));
  const begun = performance.now();
  const uploads = await Promise.all(
    Array.from({ length: count }, async () => {
      const pool = pools[Math.floor(random() * pools.length)]!;
      const response = await pool.request({ method: 'POST', path: '/process', headers, body });
      await response.body.dump();
      const worker = String(response.headers['x-served-by']);
      return { begun, ended: performance.now(), status: response.statusCode, worker, gateway: 'none' };
    }),
  );
  const ms = performance.now() - begun;
  await Promise.all(pools.map((pool) => pool.destroy()));
  return { ms, uploads };
}

export async function startUploads(url: string, clients: number): Promise<Load> {
  const upload = await prepareUpload();
  const pool = new Pool(url, { connections: clients, headersTimeout: 0 });
  const uploads: Upload[] = [];
  let stopped = false;
  const client = async () => {
    while (!stopped) uploads.push(await send(pool, upload));
  };
  const ended = Promise.all(Array.from({ length: clients }, client)).finally(() => {
    stopped = true;
  });
  // Reported when it is stopped.
  ended.catch(() => undefined);
  return {
    uploads,
    async stop() {
      stopped = true;
      await ended;
      await pool.destroy();
    },
  };
}

/** How many uploads each replica did. */
export function countBy(uploads: readonly Upload[], role: 'worker' | 'gateway'): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const upload of uploads) counts[upload[role]] = (counts[upload[role]] ?? 0) + 1;
  return counts;
}

interface EncodedForm {
  headers: Record<string, string>;
  body: Buffer;
}

async function prepareUpload(): Promise<EncodedForm> {
  const form = new FormData();
  form.set('effects', 'blur');
  const bytes = await makeImage('png', { width: 64, height: 48 });
  form.set('file', new Blob([new Uint8Array(bytes)]), 'small.png');
  const encoded = new Response(form);
  return {
    headers: { 'Content-Type': encoded.headers.get('Content-Type')! },
    body: Buffer.from(await encoded.arrayBuffer()),
  };
}

async function send(pool: Pool, upload: EncodedForm): Promise<Upload> {
  const begun = performance.now();
  const response = await pool.request({ method: 'POST', path: '/upload', ...upload });
  const answer = uploadResponseSchema.safeParse(await response.body.json()).data;
  return {
    begun,
    ended: performance.now(),
    status: response.statusCode,
    worker: answer?.hops[0]?.pod ?? 'none',
    gateway: String(response.headers['x-served-by']),
  };
}
