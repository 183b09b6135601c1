/** The Express app of every service, its input and its responses. */
export { createApiKey, hashOfKey, prefixOfKey } from './auth/api-key.js';
export { type Authentication, createAuthentication } from './auth/authentication.js';
export { createHttpApp, type HttpAppOptions } from './app.js';
export { checkHealth, type DependencyCheck, HEALTH_SHARED_MS } from './health.js';
export { methodNotAllowed } from './method-not-allowed.js';
export { HttpProblem, notFound, Unavailable } from './problem.js';
export * from './answer/event-stream.js';
export { homePage } from './answer/home-page.js';
export { escapeHtml } from './answer/html-page.js';
export { sendJson, sendList } from './answer/send-list.js';
export { jsonBody, jsonBodyUpTo, jsonBytesUpTo, parseJson } from './input/json-body.js';
export { idOf, parseBody, parseHeader, parseParam, parseQuery } from './input/parse-input.js';
export { bodyBytes, readBody } from './input/read-body.js';
