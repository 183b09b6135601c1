import { type Agent, type IncomingMessage, request as openRequest } from 'node:http';
import { finished } from 'node:stream';
import { BodyParts } from './body-parts.js';
import type { Message, ServiceResponse } from './exchange.js';
import {
  choose,
  CONNECT_TIMEOUT_MS,
  podOf,
  type Replica,
  SILENCE_MS,
  TLS_CONNECT_TIMEOUT_MS,
  track,
} from './replica.js';
import type { ReplicaSet } from './replica-set.js';

export interface Placement extends Message {
  signal: AbortSignal;
  onRoom?: (() => void) | undefined;
}

/** A replica's verdict on a request: it may come now (`room`), it was answered without its body, or it failed. */
type Word = { room: true } | { answer: ServiceResponse } | { failure: unknown };

/** If the first replica that is asked has room, it says so within this time. */
const HEAD_START_MS = 20;
/** How often to look for replicas that are new, have come back, or have room again. */
const LOOK_AROUND_MS = 250;

/**
 * Sends a request with a large body to the first replica that has room for it.
 *
 * It waits in the queues of all replicas at once, as a header with `Expect: 100-continue` (RFC 9110, section 10.1.1): a replica says `100
 * Continue` when the request's turn comes, the first replica to do so gets the body, and the request is withdrawn from the other queues. So
 * it is never bound to a busy replica while another one is idle, no matter who else sends requests there, and waiting requests also move to a new
 * replica. One replica, the one with the fewest requests in flight, is asked a little before the others: usually it has room, and the
 * others never hear of the request.
 *
 * @returns any response but 503 and 429
 * @throws NoRoom when every replica is full (503, 429) or gone; the reason of `signal` when it aborts; BrokeOff when the connection to the
 *   replica that had the body broke; otherwise whatever error occurred after the body was sent
 */
export async function sendToFirstFree(
  replicas: ReplicaSet,
  placement: Placement,
  agent: Agent,
): Promise<ServiceResponse> {
  const bids = new Map<Replica, Bid>();
  /** When each replica refused the request or could not be reached. */
  const settled = new Map<Replica, number>();
  let last: Word | undefined;
  const begun = performance.now();

  const ask = (replica: Replica) => bids.set(replica, openBid(replica, placement, agent));

  try {
    for (;;) {
      const known = await replicas.current();
      const isOpen = (replica: Replica) =>
        performance.now() - (settled.get(replica) ?? -Infinity) > LOOK_AROUND_MS;
      const unasked = known.filter((replica) => !bids.has(replica) && isOpen(replica));
      if (bids.size === 0) {
        const first = choose(unasked);
        if (!first) throw new NoRoom(last);
        ask(first);
      } else if (performance.now() - begun >= HEAD_START_MS) {
        for (const replica of unasked) if (replica.breaker.allows()) ask(replica);
      }

      const patience = performance.now() - begun < HEAD_START_MS ? HEAD_START_MS : LOOK_AROUND_MS;
      const next = await firstOf([...bids.values()], patience);
      placement.signal.throwIfAborted();
      if (!next) continue;

      const { bid, word } = next;
      bids.delete(bid.replica);
      if ('room' in word) {
        for (const other of bids.values()) other.withdraw();
        bids.clear();
        placement.onRoom?.();
        return await bid.send().catch((error: unknown) => {
          throw isConnectionLoss(error) ? new BrokeOff(error) : error;
        });
      }
      if ('answer' in word && !isFull(word.answer)) return word.answer;
      // A kept-alive connection may have ended in the meantime: that says nothing about the replica.
      if (!bid.onOldConnection()) settled.set(bid.replica, performance.now());
      last = word;
    }
  } finally {
    for (const bid of bids.values()) bid.withdraw();
  }
}

/** No replica accepts the request; none has seen its body. */
export class NoRoom extends Error {
  readonly answer: ServiceResponse | undefined;

  constructor(last: Word | undefined) {
    super('no replica has room', { cause: last && 'failure' in last ? last.failure : undefined });
    this.answer = last && 'answer' in last ? last.answer : undefined;
  }
}

/** The connection broke after the body was sent: the replica was killed, or the body killed it. */
export class BrokeOff extends Error {
  constructor(cause: unknown) {
    super('the connection broke after the body was sent', { cause });
  }
}

/** A replica that is full, or prefers other clients. */
export function isFull({ status }: ServiceResponse): boolean {
  return status === 503 || status === 429;
}

function isConnectionLoss(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

interface Bid {
  replica: Replica;
  word: Promise<Word>;
  /** Whether it failed on a connection that an earlier request had opened. */
  onOldConnection(): boolean;
  /** Sends the body once there is room. */
  send(): Promise<ServiceResponse>;
  withdraw(): void;
}

function openBid(
  replica: Replica,
  { method, path, headers, body = '', signal }: Placement,
  agent: Agent,
): Bid {
  const request = openRequest(`${replica.url}${path}`, {
    agent,
    method,
    headers: {
      ...headers,
      Host: replica.host,
      'Content-Length': Buffer.byteLength(body),
      Expect: '100-continue',
    },
    signal,
    // The limit is on silence: a service that takes longer sends a sign of life in the meantime (102 Processing).
    timeout: SILENCE_MS,
  });
  let failed = false;
  let withdrawn = false;
  const abort = (reason: string) => request.destroy(new Error(`${replica.url} ${reason}`));

  request.once('timeout', () => abort(`sent nothing for ${SILENCE_MS} ms`));
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const [connected, timeoutMs] =
      'encrypted' in socket ? ['secureConnect', TLS_CONNECT_TIMEOUT_MS] : ['connect', CONNECT_TIMEOUT_MS];
    const timer = setTimeout(() => abort(`did not connect in ${timeoutMs} ms`), timeoutMs);
    socket.once(connected, () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
  });

  const room = new Promise<void>((resolve) => request.once('continue', resolve));
  const answer = track(
    replica,
    () =>
      new Promise<ServiceResponse>((resolve, reject) => {
        request.once('response', (message) => readAnswer(message, replica).then(resolve, reject));
        request.on('error', reject);
      }),
    () => withdrawn || signal.aborted || request.reusedSocket,
  );
  const word: Promise<Word> = Promise.race([
    room.then(() => ({ room: true }) as const),
    answer.then(
      (response) => {
        // The body that the headers announced will not be sent, so the connection cannot be used again.
        if (!request.writableEnded) request.destroy();
        return { answer: response };
      },
      (failure: unknown) => {
        failed = true;
        return { failure };
      },
    ),
  ]);
  request.flushHeaders();

  return {
    replica,
    word,
    onOldConnection: () => failed && request.reusedSocket,
    send() {
      request.end(body);
      return answer;
    },
    withdraw() {
      withdrawn = true;
      request.destroy();
    },
  };
}

async function firstOf(bids: Bid[], patienceMs: number): Promise<{ bid: Bid; word: Word } | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, patienceMs, undefined);
  });
  try {
    return await Promise.race([...bids.map(async (bid) => ({ bid, word: await bid.word })), patience]);
  } finally {
    clearTimeout(timer);
  }
}

/** Events instead of the stream's iterator, for the same reason as in `readBody`, which reads incoming bodies. */
function readAnswer(message: IncomingMessage, replica: Replica): Promise<ServiceResponse> {
  const { statusCode: status = 0, headers } = message;
  const body = new BodyParts(headers['content-length']);
  message.on('data', (part: Buffer) => body.add(part));
  return new Promise((resolve, reject) => {
    finished(message, (error) => {
      if (error) reject(error);
      else resolve({ status, headers, body: body.whole(), pod: podOf(headers, replica) });
    });
  });
}
