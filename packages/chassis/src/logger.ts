import { destination, type DestinationStream, pino, stdTimeFunctions, type Logger } from 'pino';
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
    process.stdout.isTTY ? readable() : destination({ fd: 1, sync: true }),
  );
}

/** Loaded for a terminal only: in production it would cost every process memory and start-up time for nothing. */
function readable(): DestinationStream {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it always
  const pretty = require('pino-pretty') as () => DestinationStream;
  return pretty();
}
