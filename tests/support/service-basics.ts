import { PassThrough } from 'node:stream';
import { createLifecycle, createLogger, type Lifecycle, type Logger } from '@millrace/chassis/process';
import { pino } from 'pino';

/** What every app factory needs. */
export function basics(pod: string): { pod: string; logger: Logger; lifecycle: Lifecycle } {
  return { pod, logger: silentLogger(), lifecycle: readyLifecycle() };
}

export function silentLogger(): Logger {
  return createLogger('test', { LOG_LEVEL: 'silent', POD_NAME: 'test' });
}

export function readyLifecycle(): Lifecycle {
  const lifecycle = createLifecycle();
  lifecycle.ready();
  return lifecycle;
}

/** A logger, and the objects that it has logged so far. */
export function recordingLogger(): { logger: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const stream = new PassThrough();
  stream.write = (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) > 0;
  return { logger: pino({ level: 'trace' }, stream), lines };
}
