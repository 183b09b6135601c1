import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { picture } from '../support/images.js';

/** Jobs handed in through the public endpoint, by clients that do not give up. */
export interface Load {
  /** The ids of the jobs that were answered with 202, by the Idempotency-Key of the request. */
  readonly accepted: ReadonlyMap<string, string>;
  /** How often a request was sent again because its answer was lost or was a 5xx for "not now". */
  readonly resent: number;
  /** Rejects when a client meets an answer that it must not get; resolves after `stop`. */
  readonly ended: Promise<void>;
  /** Hands in no more jobs and waits for the answers under way. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  url: string;
  jobsPerSecond: number;
}

interface Request {
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

const CLIENTS = 32;
const ANSWER_TIMEOUT_MS = 8_000;
/** Every job must be accepted within this time, however often it has to be sent. */
const PATIENCE_MS = 60_000;
/** The answers after which a request may be sent again, as it has a key. */
const NOT_NOW = new Set([502, 503, 504]);

/** Keeps handing in jobs of all kinds at an even pace, and catches up after an outage. */
export async function startLoad({ url, jobsPerSecond }: LoadOptions): Promise<Load> {
  const pool = new Pool(url, { connections: CLIENTS, headersTimeout: ANSWER_TIMEOUT_MS });
  const upload = await imageUpload();
  const accepted = new Map<string, string>();
  const begun = performance.now();
  let resent = 0;
  let next = 0;
  let stopped = false;
  let failed = false;

  const requestFor = (number: number): Request => {
    if (number % 20 === 0) return upload;
    if (number % 10 === 5) {
      const body = JSON.stringify({ text: `text ${number}` });
      return { path: '/analyze?async=true', headers: { 'Content-Type': 'application/json' }, body };
    }
    return { path: `/api/add/task-${number}` };
  };

  const handIn = async (number: number) => {
    const key = `chaos-${number}`;
    const { path, headers, body = null } = requestFor(number);
    const deadline = performance.now() + PATIENCE_MS;
    for (let tries = 1; ; tries += 1) {
      const reply = await pool
        .request({ method: 'POST', path, headers: { 'Idempotency-Key': key, ...headers }, body })
        .then(async (response) => ({ status: response.statusCode, text: await response.body.text() }))
        // The answer is lost: reset, cut short, too late.
        .catch((error: unknown) => ({ status: 'none', text: String(error) }));
      if (reply.status === 202) {
        accepted.set(key, (JSON.parse(reply.text) as { id: string }).id);
        resent += tries - 1;
        return;
      }
      // Another client's end is the end of all.
      if (failed) return;
      const mayRepeat = typeof reply.status === 'string' || NOT_NOW.has(reply.status);
      if (!mayRepeat || performance.now() > deadline) {
        throw new Error(`POST ${path}: ${reply.status} ${reply.text} (try ${tries})`);
      }
      await sleep(50 + Math.random() * 150);
    }
  };

  const client = async () => {
    while (!stopped) {
      const number = next++;
      const earlyMs = begun + (number / jobsPerSecond) * 1_000 - performance.now();
      if (earlyMs > 0) await sleep(earlyMs);
      await handIn(number);
    }
  };
  const ended = Promise.all(Array.from({ length: CLIENTS }, client))
    .catch((error: unknown) => {
      stopped = failed = true;
      throw error;
    })
    .finally(() => pool.destroy())
    .then(() => undefined);
  // Whoever waits hears of a failure; nobody may be waiting just then.
  ended.catch(() => undefined);

  return {
    accepted,
    get resent() {
      return resent;
    },
    ended,
    async stop() {
      stopped = true;
      await ended;
    },
  };
}

/** A small picture in a form, encoded once for all requests. */
async function imageUpload(): Promise<Request> {
  const form = new FormData();
  form.set('effects', 'bw,blur');
  form.set('file', new Blob([new Uint8Array(await picture('png', { width: 32, height: 24 }))]), 'small.png');
  const encoded = new Response(form);
  return {
    path: '/upload?async=true',
    headers: { 'Content-Type': encoded.headers.get('Content-Type')! },
    body: Buffer.from(await encoded.arrayBuffer()),
  };
}
