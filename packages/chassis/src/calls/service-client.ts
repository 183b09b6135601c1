import { Agent } from 'node:http';
import { WORK_BEGUN } from '@millrace/contracts';
import type { Span, SpanDescription } from '@millrace/tracing';
import { cancellationBy } from '../process/cancellation.js';
import { exchange, type Limits, type Message, type ServiceResponse } from './exchange.js';
import { BrokeOff, isFull, NoRoom, sendToFirstFree } from './first-free.js';
import { Unavailable } from '../http/problem.js';
import { BrokenByInput, busy, full, refusal } from './refusals.js';
import { choose, type Replica, track } from './replica.js';
import { createReplicaSet } from './replica-set.js';
import { inSpan } from '../telemetry/spans.js';
import {
  contextHeaders,
  currentCancellation,
  remainingMs,
  timeLimit,
  workMayHaveBegun,
} from '../process/request-context.js';
import { timeIsOver } from '../http/request-signal.js';
import { createRetryBudget } from './retry-budget.js';

export interface ServiceClientOptions {
  /** The called service's name, for messages. */
  name: string;
  /** Where its replicas are: `createReplicaSet` says what they may be. */
  urls: string[];
}

export interface ServiceRequest {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /**
   * May it be repeated at a second replica when the first may have begun it? Default: only GET. What no replica has begun (it refused the
   * connection, or said so) always may.
   */
  idempotent?: boolean;
  /**
   * For a body that comes from a client and may be what kills the replicas: after how many broken connections it is refused, with
   * BrokenByInput. Default: no limit but that of the retry budget.
   */
  breaksLimit?: number;
  /**
   * How long the whole answer may take, connecting and waiting included; less when the one on whose behalf this is has less
   * time left. Default 3,500. Whatever it is, a service that is silent for 3,500 ms counts as gone.
   */
  timeoutMs?: number;
  /**
   * For work that takes long, or has a large body: wait in the lines of all replicas, and send it to the one that first has
   * room. The service must say `100 Continue` only when it has. Default: it goes to one replica, whatever waits there.
   */
  waitForRoom?: boolean;
  /** With `waitForRoom`: called when the waiting is over and a replica begins; again when another has to begin anew. */
  onRoom?: (() => void) | undefined;
  /** Gives the request up. Default: that of the current request. */
  signal?: AbortSignal | undefined;
}

export { BrokenByInput, type ServiceResponse };

/** Calls another service, whichever replicas of it there are. */
export interface ServiceClient {
  name: string;
  /**
   * Sends the request to the replica with the fewest in flight, and on to another when one is full (503) or gone. How often
   * that happens is bounded: see `createRetryBudget`.
   *
   * @returns a 2xx answer
   * @throws HttpProblem with the service's own words when it refuses the request (4xx); 502 when it fails on it; BrokenByInput
   *   when it has broken as many connections as `breaksLimit` allows
   * @throws Unavailable when no replica takes it, or none answers in time; what may have begun it counts as begun by the current request
   *   (`workMayHaveBegun`), unless it is idempotent
   * @throws the reason of the signal when it aborts
   */
  request(request: ServiceRequest): Promise<ServiceResponse>;
  /** Asks every replica the same; one that does not answer is `undefined`. Any status counts as an answer. */
  requestEach(request: ServiceRequest): Promise<(ServiceResponse | undefined)[]>;
  close(): Promise<void>;
}

const ANSWER_TIMEOUT_MS = 3_500;

/** Failures before anything was sent: safe to repeat elsewhere, whatever the method, and no burden to anybody. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function createServiceClient({ name, urls }: ServiceClientOptions): ServiceClient {
  const replicas = createReplicaSet(urls);
  const budget = createRetryBudget();
  // For requests that wait for room: undici does not speak `Expect: 100-continue`.
  const agent = new Agent({ keepAlive: true });

  const send = (replica: Replica, message: Message, limits: Limits): Promise<ServiceResponse> =>
    track(
      replica,
      () => exchange(replica, message, limits),
      () => limits.cancellation?.reason() !== undefined,
    );

  /** To one replica after the other, each at most once. */
  const sendInTurn = async (request: ServiceRequest, limits: Limits): Promise<ServiceResponse> => {
    const { idempotent = request.method === 'GET', breaksLimit = Infinity } = request;
    const message = messageOf(request, limits);
    const untried = new Set(await replicas.current());
    let unavailable: Unavailable | undefined;
    let breaks = 0;
    for (let replica = choose(untried); replica; replica = choose(untried)) {
      untried.delete(replica);
      try {
        const response = await send(replica, message, limits);
        if (!isFull(response)) {
          if (!idempotent) workMayHaveBegun();
          return response;
        }
        unavailable = full(name, response);
        if (!idempotent && response.headers[WORK_BEGUN.toLowerCase()] !== 'false') {
          workMayHaveBegun();
          break;
        }
      } catch (error) {
        throwIfGivenUp(limits);
        unavailable = new Unavailable(busy(name), { cause: error });
        if (NOT_SENT.has(codeOf(error))) continue;
        if (!idempotent) {
          workMayHaveBegun();
          break;
        }
        // A time-out has used up the caller's patience: no second one.
        if (isTimeout(error)) break;
        breaks += 1;
        if (breaks >= breaksLimit) throw new BrokenByInput(name, error);
      }
      if (!budget.spend()) break;
    }
    throw unavailable ?? new Unavailable(busy(name));
  };

  /** To the replica that first has room; again when one breaks down over it, if it may be repeated. */
  const sendWhereRoomIs = async (request: ServiceRequest, limits: Limits): Promise<ServiceResponse> => {
    const { idempotent = request.method === 'GET', breaksLimit = Infinity } = request;
    const limit = timeLimit(limits.timeoutMs, limits.cancellation);
    const { signal } = limit;
    const placement = { ...messageOf(request, limits), signal, onRoom: request.onRoom };
    try {
      for (let breaks = 0; ;) {
        try {
          return await sendToFirstFree(replicas, placement, agent);
        } catch (error) {
          throwIfGivenUp(limits);
          if (error instanceof NoRoom && error.answer) throw full(name, error.answer);
          if (error instanceof BrokeOff) breaks += 1;
          if (breaks >= breaksLimit) throw new BrokenByInput(name, error);
          if (!(error instanceof NoRoom) && !idempotent) workMayHaveBegun();
          const isFinal = error instanceof NoRoom || signal.aborted || !idempotent;
          if (isFinal || !budget.spend()) throw new Unavailable(busy(name), { cause: error });
        }
      }
    } finally {
      limit.clear();
    }
  };

  return {
    name,

    async request(request) {
      const { signal } = request;
      const limits = {
        timeoutMs: Math.min(request.timeoutMs ?? ANSWER_TIMEOUT_MS, remainingMs()),
        cancellation: signal ? cancellationBy(signal) : currentCancellation(),
      };
      throwIfGivenUp(limits);
      if (limits.timeoutMs <= 0) throw timeIsOver();
      budget.earn();
      return inSpan(describeCall, { name, request }, async (span) => {
        const way = request.waitForRoom ? sendWhereRoomIs : sendInTurn;
        const response = await way(span ? tellingOfRoom(request, span) : request, limits);
        span?.setAttributes({
          'http.response.status_code': response.status,
          'millrace.pod': response.pod,
        });
        if (response.status >= 300) throw refusal(name, response);
        return response;
      });
    },

    async requestEach(request) {
      const all = await replicas.current();
      const { timeoutMs = ANSWER_TIMEOUT_MS, signal } = request;
      const limits = { timeoutMs, cancellation: signal && cancellationBy(signal) };
      const message = messageOf(request, limits);
      return Promise.all(all.map((replica) => send(replica, message, limits).catch(() => undefined)));
    },

    async close() {
      agent.destroy();
      await replicas.close();
    },
  };
}

/** Not the path, in which ids may be. */
function describeCall({ name, request }: { name: string; request: ServiceRequest }): SpanDescription {
  const { method } = request;
  const attributes = { 'http.request.method': method, 'server.address': name };
  return { name: `${method} ${name}`, kind: 'client', attributes };
}

/** Until then it waits in the lines of the replicas. */
function tellingOfRoom(request: ServiceRequest, span: Span): ServiceRequest {
  const onRoom = () => {
    span.addEvent('room');
    request.onRoom?.();
  };
  return { ...request, onRoom };
}

function throwIfGivenUp({ cancellation }: Limits): void {
  const reason = cancellation?.reason();
  if (reason) throw reason;
}

/** With what travels with the request or job on whose behalf it is. */
function messageOf({ method, path, headers, body }: ServiceRequest, { timeoutMs }: Limits): Message {
  return { method, path, headers: { ...contextHeaders(timeoutMs), ...headers }, body };
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
