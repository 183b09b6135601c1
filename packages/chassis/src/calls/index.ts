/** Calls to other services, whichever replicas of them there are. */
export { createFindKey } from './find-key.js';
export * from './service-client.js';
