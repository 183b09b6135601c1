import { type DestinationStream, pino, type Logger } from 'pino';
import type { ServiceConfig } from '../config/config.js';
import { createLogOutput } from './log-output.js';
import { loggedError } from './logged-error.js';
import { currentContext } from '../context/request-context.js';
import { traceFields } from '../context/traceparent.js';

export type { Logger } from 'pino';

/** Never logged, in the first two levels of a logged object. */
const SECRETS = ['password', 'secret', 'token', 'authorization', 'cookie', '["set-cookie"]'].flatMap(
  (name) => (name.startsWith('[') ? [name, `*${name}`] : [name, `*.${name}`]),
);

/**
 * The process's log: JSON lines on stdout, readable ones when stdout is a terminal. Every line carries the service, the
 * pod and, inside a request or a job, its `request_id` and what leads to its trace. `createLogOutput` says what happens when nobody reads them.
 */
export function createLogger(service: string, config: Pick<ServiceConfig, 'LOG_LEVEL' | 'POD_NAME'>): Logger {
  const onDropped = (lines: number) => {
    logger.warn({ lines }, 'log lines were dropped, because nobody read them');
  };
  const logger = pino(
    {
      level: config.LOG_LEVEL,
      base: { service, pod: config.POD_NAME },
      timestamp: time,
      formatters: { level: (label) => ({ level: label }) },
      redact: SECRETS,
      serializers: { err: loggedError },
      mixin: () => {
        const context = currentContext();
        return context ? { request_id: context.requestId, ...traceFields(context.traceparent) } : {};
      },
    },
    // Accessing `process.stdout` makes Node set a pipe to non-blocking.
    process.stdout.isTTY ? readable() : createLogOutput(1, onDropped),
  );
  return logger;
}

/** Loaded only for a terminal, because it costs memory and start-up time. */
function readable(): DestinationStream {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it always
  const pretty = require('pino-pretty') as () => DestinationStream;
  return pretty();
}

let lastMs = 0;
let lastTime = '';

/** RFC 3339 in UTC. Cached, because a busy process writes many lines per millisecond. */
function time(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastTime = `,"time":"${new Date(now).toISOString()}"`;
  }
  return lastTime;
}
