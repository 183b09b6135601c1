import type { Dispatcher } from 'undici';
import { BodyParts } from './body-parts.js';
import type { Cancellation } from '../process/cancellation.js';
import { podOf, type Replica, SILENCE_MS } from './replica.js';

/** What is sent, to whichever replica. */
export interface Message {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
}

export interface Limits {
  /** For the whole answer, in ms; then it fails with a TimeoutError. */
  timeoutMs: number;
  /** Gives it up, with its reason. */
  cancellation: Cancellation | undefined;
}

export interface ServiceResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  /** The replica that answered. */
  pod: string;
}

/**
 * Sends a message over one of the replica's kept-alive connections, and reads the answer.
 *
 * It uses undici's lowest layer: `Pool.request` creates a stream for each answer, and each time limit would need its own signal. Together
 * they cost as much again as the exchange itself.
 */
export function exchange(replica: Replica, message: Message, limits: Limits): Promise<ServiceResponse> {
  const { method, path, headers, body = null } = message;
  const options = {
    method,
    path,
    headers: { host: replica.host, ...headers },
    body,
    // Of silence: a service that takes longer gives a sign of life meanwhile (102 Processing).
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
      // Perhaps before there was a connection for it.
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
