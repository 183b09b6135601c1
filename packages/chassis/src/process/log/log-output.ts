import { writeSync } from 'node:fs';

/** Where a process writes its log. */
export interface LogOutput {
  /** Takes a line, with its line end; it is written with the others of this turn of the event loop. */
  write(line: string): void;
  /** Writes what waits, and waits for the reader itself, but for no longer than a second. For the end of the process. */
  flushSync(): void;
}

/** So much is written at once, though the turn of the event loop goes on. */
const WRITE_AT = 64 * 1024;
/** How much may wait for a reader that does not read, in characters; past that, lines are dropped. */
const WAITING_MAX = 1024 ** 2;
/** How often a reader that had no room is tried again: a pipe of 64 KiB then takes 6 MB/s. */
const RETRY_MS = 10;
/** How long a process that ends waits for its reader. */
const LAST_FLUSH_MS = 1_000;

/**
 * A log that costs one system call for all lines of a turn of the event loop, and never holds up the process: when the reader of a pipe
 * hangs, lines wait, at most a million characters, and are dropped past that. A process that ends writes what waits; one that is killed
 * loses it, which with a reader that keeps up is at most the lines of one turn.
 *
 * It is written from the event loop and not from a thread: a thread that a reader holds up is one that images and DNS are without, and
 * what it has begun cannot be waited for when the process ends.
 *
 * @param fd a file, or a pipe that does not block
 * @param onDropped told how many lines are missing, when the reader reads again
 */
export function createLogOutput(fd: number, onDropped: (lines: number) => void): LogOutput {
  let lines = '';
  /** What a write had no room for. */
  let rest: Buffer | undefined;
  let dropped = 0;
  let next: 'nothing' | 'flush' | 'retry' = 'nothing';
  let used = false;
  let hasReader = true;

  /** @returns whether all is written */
  const flush = (): boolean => {
    try {
      if (rest) rest = leftOf(rest, writeSync(fd, rest));
      if (!rest && lines) {
        // Node encodes the lines as it writes them; they become bytes here only when some are left.
        const length = Buffer.byteLength(lines);
        const written = writeSync(fd, lines);
        if (written < length) rest = leftOf(Buffer.from(lines), written);
        lines = '';
      }
      return !rest;
    } catch (error) {
      // Anything else may pass: a pipe that is full (EAGAIN), a disk that is.
      if ((error as NodeJS.ErrnoException).code === 'EPIPE') {
        hasReader = false;
        lines = '';
        rest = undefined;
      }
      return false;
    }
  };

  const flushOrRetry = () => {
    next = 'nothing';
    if (!flush()) {
      if (hasReader) {
        next = 'retry';
        setTimeout(flushOrRetry, RETRY_MS).unref();
      }
    } else if (dropped > 0) {
      const missing = dropped;
      dropped = 0;
      onDropped(missing);
    }
  };

  const flushSync = () => {
    const end = performance.now() + LAST_FLUSH_MS;
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    while (!flush() && hasReader && performance.now() < end) Atomics.wait(sleeper, 0, 0, RETRY_MS);
  };

  return {
    write(line) {
      if (!hasReader) return;
      if (!used) {
        used = true;
        process.on('exit', flushSync);
      }
      if (lines.length + (rest?.length ?? 0) + line.length > WAITING_MAX) {
        dropped += 1;
        return;
      }
      lines += line;
      if (next === 'nothing') {
        next = 'flush';
        setImmediate(flushOrRetry);
      } else if (next === 'flush' && lines.length >= WRITE_AT) flush();
    },
    flushSync,
  };
}

function leftOf(bytes: Buffer, written: number): Buffer | undefined {
  return written < bytes.length ? bytes.subarray(written) : undefined;
}
