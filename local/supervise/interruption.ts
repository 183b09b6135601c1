import type { Guard } from './guard.js';

/** Signals that ask the whole to stop: Ctrl-C, `kill`, a closed terminal. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof signals)[number];

/** One Ctrl-C arrives twice under npm: from the terminal, and passed on by npm. */
const echoMs = 500;

type InterruptionHandlers = {
  /** The first time, with the signal, if it was one. */
  onFirst: (signal?: Signal) => void;
  /** When the person does not want to wait any longer. */
  onSecond: () => void;
};

export type Interruption = {
  /** Aborts the first time. The second time, everything is killed and the process ends. */
  signal: AbortSignal;
  /** The signal that it was, if it was one. */
  by: () => Signal | undefined;
};

/** Makes a program of ours stop when it is asked to, and tells the person. */
export function openInterruption(guard: Pick<Guard, 'killAll'>, say: (line: string) => void): Interruption {
  const interruption = new AbortController();
  let by: Signal | undefined;
  listenForInterruption({
    onFirst: (signal) => {
      by = signal;
      say('stopping (press Ctrl-C again to kill everything now)');
      interruption.abort(new Error('stopped'));
    },
    onSecond: () => {
      guard.killAll();
      process.exit(130);
    },
  });
  return { signal: interruption.signal, by: () => by };
}

/** Listens for everything that means "stop": signals, a reader of our output that went away, and the end of npm. */
function listenForInterruption({ onFirst, onSecond }: InterruptionHandlers): void {
  let firstAt: number | undefined;
  const interrupt = (signal?: Signal) => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      onFirst(signal);
    } else if (performance.now() - firstAt > echoMs) {
      onSecond();
    }
  };
  const interruptOnce = () => {
    if (firstAt === undefined) interrupt();
  };
  for (const signal of signals) process.on(signal, () => interrupt(signal));
  // `npm start | head`, or a terminal that is gone.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', interruptOnce);
  if (process.env.npm_lifecycle_event) watchParent(interruptOnce);
}

/** npm passes signals on, but not its own death by SIGKILL. */
function watchParent(onDeath: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onDeath();
  }, 500);
  timer.unref();
}
