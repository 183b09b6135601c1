import type { Dispatcher } from 'undici';
import { BodyParts } from './body-parts.js';
import type { Cancellation } from '../process/context/cancellation.js';
import { podOf, type Replica, SILENCE_MS } from './replica.js';

/** The message to send, to whichever replica. */
export interface Message {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
}

export interface Limits {
  /** For the whole response, in ms; then it fails with a TimeoutError. */
  timeoutMs: number;
  /** Cancels it, with the signal's reason. */
  cancellation: Cancellation | undefined;
}

export interface ServiceResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  /** The replica that responded. */
  pod: string;
}

/**
 * Sends a message over one of the replica's kept-alive connections, and reads the response.
 *
 * It uses undici's lowest layer: `Pool.request` creates a stream for each response, and each time limit would need its own signal. Together
 * they would double the cost of the exchange.
 */
export function exchange(replica: Replica, message: Message, limits: Limits): Promise<ServiceResponse> {
  const { method, path, headers, body = null } = message;
  const options = {
    method,
    path,
    headers: { host: replica.host, ...headers },
    body,
    // The limit is on silence: a service that takes longer sends a sign of life in the meantime (102 Processing).
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
  };
  return new Promise((resolve, reject) => {
    const reason = limits.cancellation?.reason();
    if (reason) throw reason;
    replica.pool.dispatch(options, handlerOf(replica, limits, { resolve, reject }));
  });
}

interface Outcome {
  resolve: (response: ServiceResponse) => void;
  reject: (error: Error) => void;
}

function handlerOf(
  replica: Replica,
  { timeoutMs, cancellation }: Limits,
  { resolve, reject }: Outcome,
): Dispatcher.DispatchHandler {
  let controller: Dispatcher.DispatchController | undefined;
  let response: Omit<ServiceResponse, 'body'> | undefined;
  let body: BodyParts | undefined;
  let givenUp: Error | undefined;

  const giveUp = (reason: Error) => {
    givenUp = reason;
    end();
    reject(reason);
    controller?.abort(reason);
  };
  const timer = setTimeout(() => giveUp(new DOMException('The time is over.', 'TimeoutError')), timeoutMs);
  const stopListening = cancellation?.listen(giveUp);
  const end = () => {
    clearTimeout(timer);
    stopListening?.();
  };

  return {
    onRequestStart(started) {
      controller = started;
      // Possibly before a connection was open.
      if (givenUp) controller.abort(givenUp);
    },
    onResponseStart(_controller, status, headers) {
      // 102 Processing
      if (status < 200) return;
      response = { status, headers, pod: podOf(headers, replica) };
      body = new BodyParts(headers['content-length']);
    },
    onResponseData(_controller, part) {
      body?.add(part);
    },
    onResponseEnd() {
      end();
      if (response && body) resolve({ ...response, body: body.whole() });
    },
    onResponseError(_controller, error) {
      end();
      reject(error);
    },
  };
}
