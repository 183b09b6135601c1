/** Signals that ask the whole to stop: Ctrl-C, `kill`, a closed terminal. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof signals)[number];

/** One Ctrl-C arrives twice under npm: from the terminal, and passed on by npm. */
const echoMs = 500;

export type InterruptionHandlers = {
  /** The first time, with the signal, if it was one. */
  onFirst: (signal?: Signal) => void;
  /** When the person does not want to wait any longer. */
  onSecond: () => void;
};

/** Listens for everything that means "stop": signals, a reader of our output that went away, and the end of npm. */
export function listenForInterruption({ onFirst, onSecond }: InterruptionHandlers): void {
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
