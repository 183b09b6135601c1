import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { makeRequests, type MakingRequest } from './requests.js';

/** What clients know of their requests, by request name. */
export interface Knowledge {
  /** The ids of the jobs that were answered with 202. */
  readonly accepted: ReadonlyMap<string, string>;
  /** The ids of the tasks for people, answered with 201. */
  readonly created: ReadonlyMap<string, string>;
  /** Requests without a key whose response was lost, or did not say whether the work had begun: sent once, done once or not at all. */
  readonly unanswered: ReadonlySet<string>;
}

/**
 * Submits jobs and tasks through the public endpoint: half of them by clients that have an Idempotency-Key and do not give up, half by
 * clients that have none and send every request once.
 */
export interface Load extends Knowledge {
  /** How many times a request with a key was retried because its response was lost or was a 5xx for "not now". */
  readonly resent: number;
  /** Rejects when a client gets a response that it must not get; resolves after `stop`. */
  readonly ended: Promise<void>;
  /** Submits no more, and waits for the outstanding responses. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  url: string;
  jobsPerSecond: number;
}

interface Reply {
  /** Undefined if the response was lost: reset, cut short, too late. */
  status?: number;
  text: string;
  mayHaveBegun: boolean;
}

const CLIENTS = 32;
const ANSWER_TIMEOUT_MS = 8_000;
/** Every request with a key must be answered well within this time, however many times it has to be sent. */
const PATIENCE_MS = 60_000;
/** The responses after which a request may be retried, if it has a key. */
const NOT_NOW = new Set([502, 503, 504]);

/** Keeps submitting jobs and tasks of all kinds at an even pace, and catches up after an outage. */
export async function startLoad({ url, jobsPerSecond }: LoadOptions): Promise<Load> {
  const pool = new Pool(url, { connections: CLIENTS, headersTimeout: ANSWER_TIMEOUT_MS });
  const requestFor = await makeRequests();
  const accepted = new Map<string, string>();
  const created = new Map<string, string>();
  const unanswered = new Set<string>();
  const begun = performance.now();
  let resent = 0;
  let next = 0;
  let stopped = false;
  let failed = false;

  const handIn = async (request: MakingRequest) => {
    const { name, keyed } = request;
    const deadline = performance.now() + PATIENCE_MS;
    for (let tries = 1; ; tries += 1) {
      const { status, text, mayHaveBegun } = await send(pool, request);
      if (status === 201 || status === 202) {
        const { id } = JSON.parse(text) as { id: string };
        (status === 202 ? accepted : created).set(name, id);
        resent += tries - 1;
        return;
      }
      // When one client fails, all stop.
      if (failed) return;
      const mayRepeat = status === undefined || NOT_NOW.has(status);
      if (!mayRepeat || performance.now() > deadline) {
        throw new Error(`${request.method} ${request.path}: ${status ?? 'no answer'} ${text} (try ${tries})`);
      }
      if (!keyed) {
        if (mayHaveBegun) unanswered.add(name);
        return;
      }
      await sleep(50 + Math.random() * 150);
    }
  };

  const client = async () => {
    while (!stopped) {
      const number = next++;
      const earlyMs = begun + (number / jobsPerSecond) * 1_000 - performance.now();
      if (earlyMs > 0) await sleep(earlyMs);
      await handIn(requestFor(number));
    }
  };
  const ended = Promise.all(Array.from({ length: CLIENTS }, client))
    .catch((error: unknown) => {
      stopped = failed = true;
      throw error;
    })
    .finally(() => pool.destroy())
    .then(() => undefined);
  // Whoever awaits it learns of a failure; perhaps nobody does at the moment.
  ended.catch(() => undefined);

  return {
    accepted,
    created,
    unanswered,
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

async function send(pool: Pool, { name, keyed, method, path, headers, body }: MakingRequest): Promise<Reply> {
  try {
    const response = await pool.request({
      method,
      path,
      headers: { 'X-Request-Id': name, ...(keyed && { 'Idempotency-Key': name }), ...headers },
      body: body ?? null,
    });
    return {
      status: response.statusCode,
      text: await response.body.text(),
      mayHaveBegun: response.headers['x-work-begun'] !== 'false',
    };
  } catch (error) {
    return { text: String(error), mayHaveBegun: true };
  }
}
