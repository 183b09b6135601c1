import { setMaxListeners } from 'node:events';
import type { Cancellation } from '../process/context/cancellation.js';
import { ClientLeft, Unavailable } from './problem.js';
import type { Lifecycle } from '../process/lifecycle.js';

/**
 * Creates the signal of each request of a process.
 *
 * @returns a function of the client's deadline (performance.now()), undefined without one
 */
export function requestSignals({ expired }: Lifecycle): (deadline: number | undefined) => RequestSignal {
  const open = new Set<RequestSignal>();
  // One listener for all, because an AbortSignal searches all its listeners to remove one.
  expired.addEventListener('abort', () => {
    for (const signal of open) signal.giveUp(shuttingDown());
  });
  return (deadline) => new RequestSignal(deadline, expired, open);
}

/**
 * Fires when it is pointless to continue a request: the client has disconnected, its time limit has passed, or the process is about to exit.
 * Its reasons are HttpProblems.
 *
 * It can outlive the request in timers and connections. It must not keep the response, and with it everything that belongs to the request,
 * in memory: so it does not reference it, and is told when the request ends.
 */
export class RequestSignal implements Cancellation {
  private readonly deadline: number | undefined;
  private readonly expired: AbortSignal;
  /** The signals of this process that have listeners. */
  private readonly open: Set<RequestSignal>;
  private listeners: Set<(reason: Error) => void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private why: Error | undefined;
  private isAnswered = false;
  private signal: AbortSignal | undefined;

  /** The same as an AbortSignal, created on first use. */
  readonly get = (): AbortSignal => (this.signal ??= signalOf(this));

  constructor(deadline: number | undefined, expired: AbortSignal, open: Set<RequestSignal>) {
    this.deadline = deadline;
    this.expired = expired;
    this.open = open;
  }

  reason(): Error | undefined {
    if (this.expired.aborted && !this.isAnswered) this.why ??= shuttingDown();
    return this.why;
  }

  listen(listener: (reason: Error) => void): () => void {
    // Work that continues after the response is not bound to the request.
    if (this.isAnswered || this.reason()) return () => undefined;
    if (!this.listeners) this.start();
    const listeners = (this.listeners ??= new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  giveUp(reason: Error): void {
    this.why ??= reason;
    for (const listener of this.listeners ?? []) listener(this.why);
    this.stop();
  }

  /** Call it when the request is over. @param finished whether the client got the complete response */
  end(finished: boolean): void {
    if (!finished) this.giveUp(new ClientLeft());
    this.isAnswered = finished;
    this.stop();
  }

  private start(): void {
    this.open.add(this);
    if (this.deadline === undefined) return;
    const ms = Math.max(0, this.deadline - performance.now());
    this.timer = setTimeout(() => this.giveUp(timeIsOver()), ms);
  }

  private stop(): void {
    if (!this.listeners) return;
    clearTimeout(this.timer);
    this.open.delete(this);
    this.listeners = undefined;
  }
}

function signalOf(cancellation: Cancellation): AbortSignal {
  const controller = new AbortController();
  // Everything that works for a request listens.
  setMaxListeners(0, controller.signal);
  const reason = cancellation.reason();
  if (reason) controller.abort(reason);
  else cancellation.listen((why) => controller.abort(why));
  return controller.signal;
}

const shuttingDown = () => new Unavailable('This replica is shutting down. Try again in a moment.');

export function timeIsOver(cause?: unknown): Unavailable {
  return new Unavailable('The time limit of this request has passed.', { cause });
}
