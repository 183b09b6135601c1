import { destination, pino, stdTimeFunctions, type Logger } from 'pino';
import pretty from 'pino-pretty';
import type { ServiceConfig } from './config.js';
import { currentContext } from './request-context.js';

export type { Logger } from 'pino';

/** Never to be logged, wherever it stands in a logged object's first two levels. */
const SECRETS = ['password', 'secret', 'token', 'authorization', 'cookie', '["set-cookie"]'].flatMap(
  (name) => (name.startsWith('[') ? [name, `*${name}`] : [name, `*.${name}`]),
);

/**
 * The process's log: JSON lines on stdout, readable ones when stdout is a terminal. Every line carries the service, the
 * pod and, inside a request or a job, its `request_id`.
 */
export function createLogger(service: string, config: Pick<ServiceConfig, 'LOG_LEVEL' | 'POD_NAME'>): Logger {
  return pino(
    {
      level: config.LOG_LEVEL,
      base: { service, pod: config.POD_NAME },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: SECRETS,
      mixin: () => {
        const context = currentContext();
        return context ? { request_id: context.requestId, traceparent: context.traceparent } : {};
      },
    },
    process.stdout.isTTY ? pretty() : destination({ fd: 1, sync: true }),
  );
}
