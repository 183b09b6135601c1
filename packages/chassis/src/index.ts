// What every service uses. What only some do is imported by name, so that no service carries a library it does not
// call: `@millrace/chassis/postgres`, `/migrate`, `/redis`, `/service-client`.
export { coalesce } from './coalesce.js';
export * from './config.js';
export * from './event-stream.js';
export { checkHealth, type DependencyCheck, HEALTH_SHARED_MS } from './health.js';
export { escapeHtml, sendPage } from './html-page.js';
export { createHttpApp, type HttpAppOptions } from './http-app.js';
export { clientOf } from './client-address.js';
export { ClientLeft, HttpProblem, notFound, TooManyRequests, Unavailable } from './http-problem.js';
export { jsonBody, jsonBodyUpTo, jsonBytesUpTo, parseJson } from './json-body.js';
export { createLifecycle, type Lifecycle } from './lifecycle.js';
export { createLogger, type Logger } from './logger.js';
export { methodNotAllowed } from './method-not-allowed.js';
export { idOf, parseBody, parseHeader, parseParam, parseQuery } from './parse-input.js';
export {
  currentContext,
  currentSignal,
  withContext,
  withSignal,
  withTimeout,
  workMayHaveBegun,
} from './request-context.js';
export { bodyBytes, readBody } from './read-body.js';
export { retryForever } from './retry.js';
export { runService } from './run-service.js';
export { sendJson, sendList } from './send-list.js';
export { shareFor } from './share-for.js';
export { createWorkLimiter, type WorkLimiter, type WorkOptions } from './work-limiter.js';
