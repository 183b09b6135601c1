/** Calls to other services, whichever replicas of them there are. */
export * from './service-client.js';
