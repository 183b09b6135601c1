import { writeSync } from 'node:fs';

/** Where a process writes its log. */
export interface LogOutput {
  /** Takes a line, including its line break; it is written together with the others of this turn of the event loop. */
  write(line: string): void;
  /** Writes what is buffered, and waits up to a second for the reader. For the end of the process. */
  flushSync(): void;
}

/** This much is written at once, before the turn of the event loop ends. */
const WRITE_AT = 64 * 1024;
/** How much is buffered for a reader that does not read, in characters; beyond that, lines are dropped. */
const WAITING_MAX = 1024 ** 2;
/** How often to retry a reader that had no room: a pipe of 64 KiB then transfers 6 MB/s. */
const RETRY_MS = 10;
/** How long a process that ends waits for its reader. */
const LAST_FLUSH_MS = 1_000;

/**
 * A log that needs one system call for all lines of a turn of the event loop, and never blocks the process: when the reader of a pipe
 * hangs, up to a million characters are buffered, and further lines are dropped. A process that exits writes what is buffered; one that is killed
 * loses it, which is at most one turn's lines if the reader keeps up.
 *
 * It is written from the event loop and not from a thread: a blocked thread would be missing for images and DNS, and
 * an unfinished write could not be awaited when the process exits.
 *
 * @param fd a file, or a pipe that does not block
 * @param onDropped called with the number of missing lines when the reader reads again
 */
export function createLogOutput(fd: number, onDropped: (lines: number) => void): LogOutput {
  let lines = '';
  /** What a write had no room for. */
  let rest: Buffer | undefined;
  let dropped = 0;
  let next: 'nothing' | 'flush' | 'retry' = 'nothing';
  let used = false;
  let hasReader = true;

  /** @returns whether everything was written */
  const flush = (): boolean => {
    try {
      if (rest) rest = leftOf(rest, writeSync(fd, rest));
      if (!rest && lines) {
        // Node encodes the lines as it writes them; they are only encoded here when some are left.
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
