import { Agent } from 'node:http';
import { WORK_BEGUN } from '@millrace/contracts';
import type { Span, SpanDescription } from '@millrace/tracing';
import { cancellationBy } from '../process/context/cancellation.js';
import { countClient } from './client-metrics.js';
import { exchange, type Limits, type Message, type ServiceResponse } from './exchange.js';
import { BrokeOff, isFull, NoRoom, sendToFirstFree } from './first-free.js';
import { Unavailable } from '../http/problem.js';
import { BrokenByInput, busy, full, refusal } from './refusals.js';
import { agentTo, NotConnected } from './over-tls.js';
import { choose, type Replica, track } from './replica.js';
import { createReplicaSet } from './replica-set.js';
import { inSpan } from '../telemetry/spans.js';
import {
  contextHeaders,
  currentCancellation,
  remainingMs,
  timeLimit,
  workMayHaveBegun,
} from '../process/context/request-context.js';
import { serviceTokenHeader } from '../process/context/service-token.js';
import type { ServiceTls } from '../process/tls/tls.js';
import { timeIsOver } from '../http/request-signal.js';
import { createRetryBudget } from './retry-budget.js';

export interface ServiceClientOptions {
  /** The name of the called service, for messages. */
  name: string;
  /** Where its replicas are: see `createReplicaSet`. */
  urls: string[];
  /** SERVICE_TOKEN, which proves that the caller is one of our services. Default: it is not sent */
  token?: string | undefined;
  /** How to reach it with TLS; its certificate must have its name. Default: as the URLs say, usually without TLS */
  tls?: ServiceTls | undefined;
}

export interface ServiceRequest {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /**
   * Whether it may be repeated at a second replica after the first may have begun it. Default: only GET. What no replica has begun (it
   * refused the connection, or said so) may always be repeated.
   */
  idempotent?: boolean;
  /**
   * For a body that comes from a client and may be what kills the replicas: after how many broken connections to refuse it with
   * BrokenByInput. Default: limited by the retry budget only.
   */
  breaksLimit?: number;
  /**
   * How long the whole response may take, including connecting and waiting; less if the original caller has less time left. Default 3,500.
   * In any case, a service that is silent for 3,500 ms counts as gone.
   */
  timeoutMs?: number;
  /**
   * For work that takes long, or has a large body: wait in the queues of all replicas, and send it to the first that has room. The service
   * must say `100 Continue` only when it has room. Default: it goes to one replica, however many requests wait there.
   */
  waitForRoom?: boolean;
  /** With `waitForRoom`: called when the wait is over and a replica begins; called again when another replica has to start over. */
  onRoom?: (() => void) | undefined;
  /** Cancels the request. Default: the signal of the current request. */
  signal?: AbortSignal | undefined;
}

export { BrokenByInput, type ServiceResponse };

/** Calls another service, whichever replicas it has. */
export interface ServiceClient {
  name: string;
  /**
   * Sends the request to the replica with the fewest in flight, and retries at another one when that is full (503) or gone.
   * `createRetryBudget` bounds how often that happens.
   *
   * @returns a 2xx response
   * @throws HttpProblem with the service's own words when it refuses the request (4xx); 502 when the service fails; BrokenByInput after as
   *   many broken connections as `breaksLimit` allows
   * @throws Unavailable when no replica takes it, or none responds in time; if a replica may have begun it, so may the current request have
   *   (`workMayHaveBegun`), unless it is idempotent
   * @throws the reason of the signal when it aborts
   */
  request(request: ServiceRequest): Promise<ServiceResponse>;
  /** Sends every replica the same request; one that does not respond is `undefined`. Any status counts as a response. */
  requestEach(request: ServiceRequest): Promise<(ServiceResponse | undefined)[]>;
  close(): Promise<void>;
}

const ANSWER_TIMEOUT_MS = 3_500;

/** Failures before anything was sent: safe to repeat elsewhere, whatever the method, and no load for any replica. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function createServiceClient({ name, urls, token, tls }: ServiceClientOptions): ServiceClient {
  const replicas = createReplicaSet(urls, tls && { name, tls });
  const budget = createRetryBudget();
  /** Adds the headers that travel with the request or job on whose behalf a call is made. */
  const messageOf = ({ method, path, headers, body }: ServiceRequest, { timeoutMs }: Limits): Message => ({
    method,
    path,
    headers: {
      ...contextHeaders(timeoutMs),
      ...(token !== undefined && serviceTokenHeader(token)),
      ...headers,
    },
    body,
  });
  const stopCounting = countClient(name, {
    replicas: () => replicas.known().length,
    resting: () => replicas.known().filter(({ breaker }) => !breaker.allows()).length,
    retriesLeft: () => Math.floor(budget.left()),
    retries: () => budget.spent(),
  });
  // For requests that wait for room: undici does not support `Expect: 100-continue`.
  const agent = tls ? agentTo(name, tls) : new Agent({ keepAlive: true });

  const send = (replica: Replica, message: Message, limits: Limits): Promise<ServiceResponse> =>
    track(
      replica,
      () => exchange(replica, message, limits),
      () => limits.cancellation?.reason() !== undefined,
    );

  /** Tries one replica after the other, each at most once. */
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
        if (error instanceof NotConnected || NOT_SENT.has(codeOf(error))) continue;
        if (!idempotent) {
          workMayHaveBegun();
          break;
        }
        // A time-out has used up all the time there was, so there is no second try.
        if (isTimeout(error)) break;
        breaks += 1;
        if (breaks >= breaksLimit) throw new BrokenByInput(name, error);
      }
      if (!budget.spend()) break;
    }
    throw unavailable ?? new Unavailable(busy(name));
  };

  /** Sends it to the first replica that has room; again when the connection breaks, if it may be repeated. */
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
      stopCounting();
      agent.destroy();
      await replicas.close();
    },
  };
}

/** Not the path, which may contain ids. */
function describeCall({ name, request }: { name: string; request: ServiceRequest }): SpanDescription {
  const { method } = request;
  const attributes = { 'http.request.method': method, 'server.address': name };
  return { name: `${method} ${name}`, kind: 'client', attributes };
}

/** Until then, it waits in the replicas' queues. */
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

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code);
}

function isTimeout(error: unknown): boolean {
  return (
    (error instanceof DOMException && error.name === 'TimeoutError') ||
    codeOf(error) === 'UND_ERR_HEADERS_TIMEOUT'
  );
}
