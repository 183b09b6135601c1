/** Configuration, logging, request context, start and shutdown of a process. */
export * from './config.js';
export { createHttpServer } from './http-server.js';
export { createLifecycle, type Lifecycle } from './lifecycle.js';
export { createLogger, type Logger } from './logger.js';
export {
  currentContext,
  currentSignal,
  remainingMs,
  withContext,
  withSignal,
  withTimeout,
} from './request-context.js';
export { runService } from './run-service.js';
