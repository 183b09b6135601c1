/** Configuration, logging, request context, start and shutdown of a process. */
export type { AuthConfig, FindKey } from './config/auth-config.js';
export * from './config/config.js';
export { ConfigError } from './config/config-error.js';
export { createHttpServer } from './server/http-server.js';
export { expectLargeBuffers } from './large-buffers.js';
export { createLifecycle, type Lifecycle } from './lifecycle.js';
export { createLogger, type Logger } from './log/logger.js';
export { currentOwner, visibleOwner } from './context/ownership.js';
export { rateLimitConfig, redisForLimit } from './config/rate-limit-config.js';
export {
  currentContext,
  currentSignal,
  type Principal,
  remainingMs,
  withContext,
  withSignal,
  withTimeout,
} from './context/request-context.js';
export { runService } from './run-service.js';
export { openTls, type Tls } from './tls/index.js';
export type { ServiceTls, StoreTls } from './tls/tls.js';
