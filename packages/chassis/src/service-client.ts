import { problemSchema, SERVED_BY } from '@millrace/contracts';
import { HttpProblem, Unavailable } from './http-problem.js';
import { createReplicaSet, type Replica } from './replica-set.js';
import { contextHeaders } from './request-context.js';

export interface ServiceClientOptions {
  /** The called service's name, for messages. */
  name: string;
  /** Base URLs: one for every replica, or one for all when DNS has all their addresses. */
  urls: string[];
}

export interface ServiceRequest {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** May it be sent to a second replica when the first broke off after having received it? Default: only GET. */
  idempotent?: boolean;
  /**
   * How long the whole answer may take, connecting included. Default 3,500. Whatever it is, a service that is silent for
   * 3,500 ms counts as gone.
   */
  timeoutMs?: number;
  /** Gives the request up. */
  signal?: AbortSignal | undefined;
}

export interface ServiceResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  /** The replica that answered. */
  pod: string;
}

/** Calls another service, whichever replicas of it there are. */
export interface ServiceClient {
  name: string;
  /**
   * Sends the request to the replica with the fewest in flight, and on to another when one is full (503) or gone.
   *
   * @returns a 2xx answer
   * @throws HttpProblem with the service's own words when it refuses the request (4xx); 502 when it fails on it
   * @throws Unavailable when no replica takes it, or none answers in time
   */
  request(request: ServiceRequest): Promise<ServiceResponse>;
  /** Asks every replica the same; one that does not answer is `undefined`. Any status counts as an answer. */
  requestEach(request: ServiceRequest): Promise<(ServiceResponse | undefined)[]>;
  close(): Promise<void>;
}

/** Less than 5 s, the time in which a client is to hear of a fault. */
const ANSWER_TIMEOUT_MS = 3_500;
const REST_MS = 1_000;

/** Failures before anything was sent: safe to repeat elsewhere, whatever the method. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function createServiceClient({ name, urls }: ServiceClientOptions): ServiceClient {
  const replicas = createReplicaSet(urls);

  const send = async (replica: Replica, request: ServiceRequest): Promise<ServiceResponse> => {
    const { method, path, headers, body, timeoutMs = ANSWER_TIMEOUT_MS, signal } = request;
    replica.inFlight += 1;
    try {
      const response = await replica.pool.request({
        method,
        path,
        headers: { host: replica.host, ...contextHeaders(), ...headers },
        body: body ?? null,
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]),
        // Silence: a service that takes longer gives a sign of life meanwhile (102 Processing).
        headersTimeout: ANSWER_TIMEOUT_MS,
        bodyTimeout: ANSWER_TIMEOUT_MS,
      });
      return {
        status: response.statusCode,
        headers: response.headers,
        body: Buffer.from(await response.body.arrayBuffer()),
        pod: String(response.headers[SERVED_BY.toLowerCase()] ?? name),
      };
    } finally {
      replica.inFlight -= 1;
    }
  };

  return {
    name,

    async request(request) {
      const idempotent = request.idempotent ?? request.method === 'GET';
      const untried = new Set(await replicas.current());
      let lastFailure: unknown;
      let retryAfterSeconds = 1;
      for (let replica = pick(untried); replica; replica = pick(untried)) {
        untried.delete(replica);
        try {
          const response = await send(replica, request);
          if (response.status < 300) return response;
          if (response.status !== 503) throw refusal(name, response);
          retryAfterSeconds = Number(response.headers['retry-after']) || 1;
          lastFailure = refusal(name, response);
        } catch (error) {
          if (error instanceof HttpProblem || request.signal?.aborted) throw error;
          lastFailure = error;
          replica.restUntil = performance.now() + REST_MS;
          if (!idempotent && !NOT_SENT.has(codeOf(error))) break;
          // A time-out has used up the caller's patience: no second one.
          if (isTimeout(error)) break;
        }
      }
      throw new Unavailable(`${name} cannot take the request right now. Try again in a moment.`, {
        retryAfterSeconds,
        cause: lastFailure,
      });
    },

    async requestEach(request) {
      const all = await replicas.current();
      return Promise.all(all.map((replica) => send(replica, request).catch(() => undefined)));
    },

    close: () => replicas.close(),
  };
}

/** The replica with the fewest requests in flight, chosen at random among equals. */
function pick(candidates: Set<Replica>): Replica | undefined {
  const now = performance.now();
  const rested = [...candidates].filter((replica) => replica.restUntil <= now);
  const pool = rested.length > 0 ? rested : [...candidates];
  const fewest = Math.min(...pool.map((replica) => replica.inFlight));
  const equals = pool.filter((replica) => replica.inFlight === fewest);
  return equals[Math.floor(Math.random() * equals.length)];
}

function refusal(name: string, response: ServiceResponse): HttpProblem {
  if (response.status >= 400 && response.status < 500) {
    const problem = problemSchema.safeParse(parseJson(response.body)).data;
    if (problem) {
      return new HttpProblem(
        problem.status,
        problem.detail,
        problem.errors ? { errors: problem.errors } : {},
      );
    }
  }
  return new HttpProblem(502, `${name} failed on this request.`, {
    cause: new Error(`${name} answered ${response.status}: ${response.body.toString('utf8', 0, 500)}`),
  });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code);
}

function isTimeout(error: unknown): boolean {
  return (
    (error instanceof DOMException && error.name === 'TimeoutError') ||
    codeOf(error) === 'UND_ERR_HEADERS_TIMEOUT'
  );
}
