/** Configuration, logging, request context, start and shutdown of a process. */
export type { AuthConfig, FindKey } from './auth-config.js';
export * from './config.js';
export { ConfigError } from './config-error.js';
export { createHttpServer } from './http-server.js';
export { createLifecycle, type Lifecycle } from './lifecycle.js';
export { createLogger, type Logger } from './logger.js';
export { currentOwner, visibleOwner } from './ownership.js';
export {
  currentContext,
  currentSignal,
  type Principal,
  remainingMs,
  withContext,
  withSignal,
  withTimeout,
} from './request-context.js';
export { runService } from './run-service.js';
export { openTls, type Tls } from './tls/index.js';
export type { ServiceTls, StoreTls } from './tls/tls.js';
