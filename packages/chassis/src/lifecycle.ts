import { setMaxListeners } from 'node:events';

/** Where a process stands: `starting` until it can take traffic, `draining` from the first signal to the end. */
export type Phase = 'starting' | 'ready' | 'draining';

/** One process's phase, shared by its probes, its connections and its shutdown. */
export interface Lifecycle {
  phase(): Phase;
  /** Takes traffic from now on; without effect once draining. */
  ready(): void;
  drain(): void;
  /** Aborts when the drain is over and what is still open (streams) must end. */
  readonly closing: AbortSignal;
  close(): void;
}

export function createLifecycle(): Lifecycle {
  let phase: Phase = 'starting';
  const closing = new AbortController();
  // Every open stream listens.
  setMaxListeners(0, closing.signal);
  return {
    phase: () => phase,
    ready: () => {
      if (phase === 'starting') phase = 'ready';
    },
    drain: () => {
      phase = 'draining';
    },
    closing: closing.signal,
    close: () => closing.abort(),
  };
}
