import { setMaxListeners } from 'node:events';
import type { Cancellation } from '../process/cancellation.js';
import { ClientLeft, Unavailable } from './problem.js';
import type { Lifecycle } from '../process/lifecycle.js';

/**
 * Makes the signal of each request of a process.
 *
 * @returns takes the time when the client gives up (performance.now()); undefined: it did not say
 */
export function requestSignals({ expired }: Lifecycle): (deadline: number | undefined) => RequestSignal {
  const open = new Set<RequestSignal>();
  // One listener for all of them: to find the one to remove, an AbortSignal looks through all that it has.
  expired.addEventListener('abort', () => {
    for (const signal of open) signal.giveUp(shuttingDown());
  });
  return (deadline) => new RequestSignal(deadline, expired, open);
}

/**
 * Tells when there is no more use in answering a request: the client has left, the time it gave is over, or the process is about to end.
 * Its reasons are HttpProblems.
 *
 * It lives on in timers and connections that were made on the request's behalf. It must not hold the answer, and with it all that the
 * request has, its picture included: so it knows nothing of it, and is told when it ends.
 */
export class RequestSignal implements Cancellation {
  private readonly deadline: number | undefined;
  private readonly expired: AbortSignal;
  /** Those of the process that anybody listens to. */
  private readonly open: Set<RequestSignal>;
  private listeners: Set<(reason: Error) => void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private why: Error | undefined;
  private isAnswered = false;
  private signal: AbortSignal | undefined;

  /** The same as an AbortSignal, which is made when it is first asked for. */
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
    // What goes on behind an answer has no end of the request's to obey.
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

  /** To be called when the request is over. @param finished whether the client has the whole answer */
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
  // Everything that works on a request's behalf listens.
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
