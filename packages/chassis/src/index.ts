// What every service uses. What only some do is imported by name, so that no service carries a library it does not
// call: `@millrace/chassis/postgres`, `/migrate`, `/redis`, `/service-client`.
export * from './config.js';
export { checkHealth, type DependencyCheck, HEALTH_SHARED_MS } from './health.js';
export { escapeHtml, sendPage } from './html-page.js';
export { createHttpApp, type HttpAppOptions } from './http-app.js';
export { HttpProblem, notFound, Unavailable } from './http-problem.js';
export { jsonBody } from './json-body.js';
export { createLifecycle, type Lifecycle } from './lifecycle.js';
export { createLogger, type Logger } from './logger.js';
export { methodNotAllowed } from './method-not-allowed.js';
export { idOf, parseBody, parseParam, parseQuery } from './parse-input.js';
export { currentContext, withContext, withTimeout } from './request-context.js';
export { retryForever } from './retry.js';
export { runService } from './run-service.js';
export { sendList } from './send-list.js';
export { shareFor } from './share-for.js';
export { createWorkLimiter, type WorkLimiter } from './work-limiter.js';
