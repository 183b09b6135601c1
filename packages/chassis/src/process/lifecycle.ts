import { setMaxListeners } from 'node:events';

/** The phase of a process: `starting` until it can take traffic, `draining` from the first signal to the end. */
export type Phase = 'starting' | 'ready' | 'draining';

/** One process's phase, shared by its probes, its connections, its work and its shutdown. */
export interface Lifecycle {
  phase(): Phase;
  /** Takes traffic from now on; no effect once draining. */
  ready(): void;
  /** Aborts at the first signal: waiting requests are refused, running ones continue. */
  readonly draining: AbortSignal;
  drain(): void;
  /** Aborts when the drain is over and what is still open (streams) must end. */
  readonly closing: AbortSignal;
  close(): void;
  /** Aborts shortly before the process ends, whatever is still at work: requests are aborted, and say so. */
  readonly expired: AbortSignal;
  expire(): void;
}

export function createLifecycle(): Lifecycle {
  let phase: Phase = 'starting';
  const [draining, closing, expired] = [manyListeners(), manyListeners(), manyListeners()];
  return {
    phase: () => phase,
    ready: () => {
      if (phase === 'starting') phase = 'ready';
    },
    draining: draining.signal,
    drain: () => {
      phase = 'draining';
      draining.abort();
    },
    closing: closing.signal,
    close: () => closing.abort(),
    expired: expired.signal,
    expire: () => expired.abort(),
  };
}

/** Every open request or stream listens. */
function manyListeners(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
