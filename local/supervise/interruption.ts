import type { Guard } from './guard.js';

/** Signals that ask the whole stack to stop: Ctrl-C, `kill`, a closed terminal. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof signals)[number];

/** Under npm, one Ctrl-C arrives twice: from the terminal, and forwarded by npm. */
const echoMs = 500;

type InterruptionHandlers = {
  /** Called the first time, with the signal, if there was one. */
  onFirst: (signal?: Signal) => void;
  /** Called when the person does not want to wait any longer. */
  onSecond: () => void;
};

export type Interruption = {
  /** Aborts the first time. The second time, everything is killed and the process ends. */
  signal: AbortSignal;
  /** The signal, if there was one. */
  by: () => Signal | undefined;
};

/** Makes one of our programs stop when asked to, and tells the person. */
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

/** Listens for everything that means "stop": signals, a closed output, and the end of npm. */
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
  // `npm start | head`, or a closed terminal.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', interruptOnce);
  if (process.env.npm_lifecycle_event) watchParent(interruptOnce);
}

/** npm forwards signals, but not its own death by SIGKILL. */
function watchParent(onDeath: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onDeath();
  }, 500);
  timer.unref();
}
